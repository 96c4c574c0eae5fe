"""Rewards: what a reply earns, each from a program that looks at it.

EXTEND: one function `(reply, dials) -> float | None` per reward, registered under its name; None where it says nothing of the
reply. The scorers of evaluate are rewards by their names too.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polymath.errors import UserError, unknown
from polymath.registry import Registry
from polymath.scoring.programs import passes
from polymath.scoring.scorers import scorers
from polymath.training.objectives import Rewards

rewards = Registry("reward")
MODEL = "model"
"""The reward that a reward model gives."""
LETTER = re.compile(r"\W*([A-Za-z])(?![A-Za-z])")
LAST = re.compile(r"(?i)answer:\s*\S")
AT_ONCE = 16
"""Replies that a reward model looks at together."""


@dataclass(frozen=True)
class Reply:
    """What a model said to a prompt, and what a program needs to judge it."""

    text: str
    prompt: Sequence[int]
    """Ids."""
    ids: Sequence[int]
    """Of the reply, with its end token where it has one."""
    ended: bool
    """It ended by itself; else it was cut off."""
    check: str | None = None
    expected: str | None = None
    wanted: str | None = None
    """As CHECK has them."""


@rewards.register
def check(reply: Reply, dials: Rewards) -> float | None:
    """1 where the check of the prompt's recipe passes, else 0; of tests only where running code is allowed."""
    if reply.check is None or reply.expected is None:
        return None
    if reply.check == "tests":
        return float(passes(f"{_code(reply.text)}\n{reply.expected}\n")) if dials.execute_code else None
    return _passes(reply.check, reply.text.strip(), reply.expected.strip())


@rewards.register
def format(reply: Reply, dials: Rewards) -> float | None:
    """The share of the reply's characters that the regular expression `format` matches; 0 for an empty reply."""
    if dials.format is None:
        return None
    matched = sum(len(found[0]) for found in re.finditer(dials.format, reply.text))
    return matched / len(reply.text) if reply.text else 0.0


@rewards.register
def ended(reply: Reply, dials: Rewards) -> float | None:
    """1 where the reply ended by itself, 0 where it was cut off."""
    return float(reply.ended)


def known() -> list[str]:
    """The names of all rewards."""
    return sorted({*rewards, *scorers, MODEL})


def check_named(dials: Rewards) -> None:
    """A UserError for a reward that there is not, also one of no weight, and for a form that is none."""
    for name in dials.weights:
        if name not in known():
            raise unknown("rewards.weights", name, "reward", known())
    if dials.weights.get("format") and dials.format is None:
        raise UserError("rewards.format: the reward `format` needs a regular expression")
    try:
        re.compile(dials.format or "")
    except re.error as error:
        raise UserError(f"rewards.format: {dials.format!r} is no regular expression ({error})") from error


def check_rewards(dials: Rewards) -> None:
    """A UserError for a reward that there is not, or that cannot say anything."""
    check_named(dials)
    if dials.weights.get(MODEL) and dials.model is None:
        raise UserError("rewards.model: the reward `model` needs a reward model (a folder, or rewarded)")


def check_reward_model(dials: Rewards, definition: str) -> None:
    """A UserError where no model lies at `dials.model`, or one of other words. `definition`: the mix's tokenizer.json."""
    place = Path(str(dials.model))
    if not (place / "config.json").exists():
        raise UserError(f"rewards.model: no model lies in {dials.model!r}; run: kedro run --pipeline=reward, or name a folder")
    own = place / "tokenizer.json"
    if not own.exists() or _vocabulary(own.read_text("utf-8")) != _vocabulary(definition):
        raise UserError(
            f"rewards.model: the tokenizer of {dials.model!r} is not the one that the mix was made with, so its rewards would "
            "be of other words; train a reward model on this mix (kedro run --pipeline=reward)"
        )


class Judge:
    """All rewards of a run, and the weighted sum of them."""

    def __init__(self, dials: Rewards, device: Any = "cpu") -> None:
        """Loads the reward model where one is asked for."""
        self.dials = dials
        self.names = tuple(dials.weights)
        self._model = _load(str(dials.model), device) if MODEL in dials.weights else None

    def of(self, name: str, replies: Sequence[Reply]) -> list[float | None]:
        """One reward of each reply."""
        if name == MODEL:
            return [float(each) for each in self._by_model(replies)]
        if name in rewards:
            return [rewards[name](reply, self.dials) for reply in replies]
        return [None if reply.wanted is None else scorers[name](reply.text.strip(), reply.wanted) for reply in replies]

    def all(self, replies: Sequence[Reply]) -> list[dict[str, float | None]]:
        """Every reward of each reply."""
        columns = {name: self.of(name, replies) for name in self.names}
        return [{name: values[row] for name, values in columns.items()} for row in range(len(replies))]

    def total(self, each: dict[str, float | None]) -> float:
        """The weighted sum of the rewards that say something; NaN where none does."""
        said = {name: value for name, value in each.items() if value is not None}
        return sum(self.dials.weights[name] * value for name, value in said.items()) if said else math.nan

    def _by_model(self, replies: Sequence[Reply]) -> list[float]:
        """Padded on the right; the model looks at the last token that is no padding."""
        import torch

        assert self._model is not None
        found: list[float] = []
        for start in range(0, len(replies), AT_ONCE):
            rows = [[*reply.prompt, *reply.ids] for reply in replies[start : start + AT_ONCE]]
            longest = max(len(row) for row in rows)
            pad = int(self._model.config.pad_token_id or 0)
            ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows], device=self._model.device)
            mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=self._model.device)
            with torch.inference_mode():
                found += self._model(input_ids=ids, attention_mask=mask).logits[:, 0].float().tolist()
        return found


def _load(place: str, device: Any) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification

    dtype: Any = torch.float32 if str(device) == "cpu" else "auto"
    return AutoModelForSequenceClassification.from_pretrained(place, num_labels=1, dtype=dtype).to(device).eval()


def _vocabulary(definition: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(definition)["model"]["vocab"]
    return found


def _passes(kind: str, said: str, expected: str) -> float:
    if kind == "letter":
        found = LETTER.match(said)
        return float(found is not None and found[1].upper() == expected.upper())
    if kind == "last_line":
        last = said.splitlines()[-1] if said else ""
        return float(bool(LAST.match(last)) and scorers["final_answer"](last, expected) == 1)
    return float(scorers["exact_match"](said, expected))


def _code(text: str) -> str:
    """The program in a reply: what stands in its first fence, else all of it."""
    fenced = re.search(r"```(?:python)?\n(.*?)```", text, re.DOTALL)
    return fenced[1] if fenced else text
