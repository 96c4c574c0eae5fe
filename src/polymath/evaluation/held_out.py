"""Held-out examples: a model answers prompts in exactly the ids that training would have given it, and is scored on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from polymath.evaluation.harness import SCORE
from polymath.scoring.scorers import BY_TASK, scorers

if TYPE_CHECKING:
    from polymath.evaluation.talk import Speaker

HELD_OUT_ANSWER = pa.schema(
    [
        ("model", pa.string()),
        ("task", pa.string()),
        ("id", pa.string()),  # of the example
        ("source", pa.string()),
        ("prompt", pa.string()),  # what stood before the reply, as text
        ("wanted", pa.string()),  # the reply of the example, or its text
        ("answer", pa.string()),  # null where only the loss was measured
        ("scores", pa.list_(SCORE)),
        ("loss", pa.float64()),  # nats, summed over the tokens that training would have counted
        ("tokens", pa.int64()),  # how many these were
        ("bytes", pa.int64()),  # of their text, so that models with other tokenizers can be compared
    ]
)

PREFERS = "prefers_chosen"
"""The score of a preference pair."""
TOKENS_AT_ONCE = 4096
"""Padded tokens of a batch whose losses are measured: each takes a number for every entry of the vocabulary."""


@dataclass(frozen=True)
class HeldOut:
    """One example as tokens."""

    id: str
    source: str
    ids: np.ndarray
    trained: np.ndarray
    """bool: the loss counts on this token."""
    rejected: HeldOut | None = None
    """The same prompt with the worse reply, of a preference pair."""

    @property
    def reply_start(self) -> int:
        """Where the last stretch of trained tokens begins: what stands before it is the prompt."""
        untrained = np.flatnonzero(~self.trained)
        return int(untrained[-1]) + 1 if len(untrained) else 0

    def first(self, tokens: int) -> HeldOut:
        """Its beginning."""
        return replace(self, ids=self.ids[:tokens], trained=self.trained[:tokens])

    def fits(self, tokens: int) -> bool:
        """It is no longer than that."""
        return len(self.ids) <= tokens


class Reader:
    """Ids of the mix's tokenizer as text, and as ids of a model's own tokenizer where that is another one."""

    def __init__(self, definition: str, speaker: Speaker) -> None:
        """`definition`: the mix's tokenizer.json."""
        from tokenizers import Tokenizer

        self._mix = Tokenizer.from_str(definition)
        self._own = speaker.tokenizer
        self.is_same = _vocabulary(definition) == _vocabulary(self._own.backend_tokenizer.to_str())

    def text(self, ids: Sequence[int]) -> str:
        """Without special tokens."""
        return str(self._mix.decode(list(ids), skip_special_tokens=True))

    def translated(self, example: HeldOut) -> HeldOut:
        """The example in the model's own ids: stretch by stretch, each trained one closed by its end token."""
        if self.is_same:
            return example
        bounds = np.flatnonzero(np.diff(example.trained)) + 1
        ids: list[int] = []
        trained: list[bool] = []
        for part in np.split(np.arange(len(example.ids)), bounds):
            learnt = bool(example.trained[part[0]])
            made = self._own(self.text(example.ids[part].tolist()), add_special_tokens=not ids)["input_ids"]
            made += [self._own.eos_token_id] * (learnt and self._own.eos_token_id is not None)
            ids += made
            trained += [learnt] * len(made)
        return replace(example, ids=np.array(ids), trained=np.array(trained, bool))


def answer_held_out(
    speaker: Speaker, definition: str, task: str, examples: Sequence[HeldOut], answered: int, new_tokens: int, batch: int
) -> Iterator[dict[str, Any]]:
    """Rows of schema HELD_OUT_ANSWER but for `model`: the loss on every example, an answer to the first `answered` prompts.

    Prompts that leave no room in the model's context lose their beginning. The loss is over the beginning of an example that
    is longer than the context; one that grows longer than it in another tokenizer's ids has no loss, and counts no tokens.
    """
    from polymath.evaluation.talk import Prompt, Sampling

    reader = Reader(definition, speaker)
    own = [reader.translated(example) for example in examples]
    room = speaker.context_tokens - min(new_tokens, speaker.context_tokens // 2)
    asked = [n for n, example in enumerate(own) if example.reply_start and task in BY_TASK][:answered]
    prompts = [own[number].ids[: own[number].reply_start].tolist() for number in asked]
    cut = [Prompt(tuple(ids[-room:]), max(len(ids) - room, 0)) for ids in prompts]
    said = speaker.continuations(cut, Sampling(max_new_tokens=new_tokens, batch=batch)) if cut else []
    answers = {number: answer.text for number, answer in zip(asked, said, strict=True)}
    cut_short = [example.first(speaker.context_tokens) for example in examples]
    losses = losses_of(speaker, [reader.translated(example) for example in cut_short], batch)
    preferred = _preferences(speaker, reader, examples, batch)
    for number, (example, short) in enumerate(zip(examples, cut_short, strict=True)):
        start = example.reply_start
        wanted = reader.text(example.ids[start:].tolist())
        reply = answers.get(number)
        nats, tokens = losses[number]
        yield {
            "task": task,
            "id": example.id,
            "source": example.source,
            "prompt": reader.text(example.ids[:start].tolist()),
            "wanted": wanted,
            "answer": reply,
            "scores": preferred.get(number, []) if reply is None else score(task, reply, wanted),
            "loss": nats,
            "tokens": tokens,
            "bytes": len(reader.text(short.ids[short.trained].tolist()).encode()) if tokens else 0,
        }


def score(task: str, reply: str, wanted: str) -> list[dict[str, Any]]:
    """Each of the task's scorers on one reply."""
    return [{"metric": name, "score": scorers[name](reply.strip(), wanted.strip())} for name in BY_TASK[task]]


def _preferences(speaker: Speaker, reader: Reader, examples: Sequence[HeldOut], batch: int) -> dict[int, list[dict[str, Any]]]:
    """Of each pair: 1 where the model finds the better reply likelier than the worse one (sums of log-probabilities)."""
    pairs = {
        number: (example, example.rejected)
        for number, example in enumerate(examples)
        if example.rejected is not None
        and example.fits(speaker.context_tokens)
        and example.rejected.fits(speaker.context_tokens)
    }
    better, worse = (losses_of(speaker, [reader.translated(pair[side]) for pair in pairs.values()], batch) for side in (0, 1))
    return {
        number: [{"metric": PREFERS, "score": float(mine[0] < other[0])}]
        for number, mine, other in zip(pairs, better, worse, strict=True)
        if mine[1] and other[1]
    }


def losses_of(speaker: Speaker, examples: Sequence[HeldOut], batch: int) -> list[tuple[float, int]]:
    """Nats and number of the trained tokens of each example, in their order; like lengths go through the model together."""
    lengths = {number: len(row.ids) for number, row in enumerate(examples) if 2 <= len(row.ids) <= speaker.context_tokens}
    found: dict[int, tuple[float, int]] = {}
    for some in _batches(lengths, batch):
        found |= dict(zip(some, _batch_losses(speaker, [examples[number] for number in some]), strict=True))
    return [found.get(number, (0.0, 0)) for number in range(len(examples))]


def _batches(lengths: Mapping[int, int], most: int) -> Iterator[list[int]]:
    """Numbers of rows, the shortest first: at most so many at once, and no more tokens than memory has room for logits."""
    some: list[int] = []
    for number in sorted(lengths, key=lengths.__getitem__):
        if some and (len(some) == most or lengths[number] * (len(some) + 1) > TOKENS_AT_ONCE):
            yield some
            some = []
        some.append(number)
    if some:
        yield some


def _batch_losses(speaker: Speaker, rows: Sequence[HeldOut]) -> list[tuple[float, int]]:
    """Padded on the right, where a causal model does not look."""
    import torch

    longest = max(len(row.ids) for row in rows)
    ids, counted = np.zeros((len(rows), longest), np.int64), np.zeros((len(rows), longest), bool)
    mask = np.zeros((len(rows), longest), np.int64)
    for number, row in enumerate(rows):
        size = len(row.ids)
        ids[number, :size], counted[number, :size], mask[number, :size] = row.ids, row.trained, 1
    device = speaker.model.device
    given_ids = torch.from_numpy(ids).to(device)
    with torch.inference_mode():
        logits = speaker.model(input_ids=given_ids, attention_mask=torch.from_numpy(mask).to(device), use_cache=False).logits
        flat = torch.nn.functional.cross_entropy(
            logits[:, :-1].float().flatten(0, 1), given_ids[:, 1:].flatten(), reduction="none"
        )
    nats = flat.view(len(rows), -1).double().cpu().numpy()
    counted = counted[:, 1:]
    return [(round(float(nats[n][counted[n]].sum()), 4), int(counted[n].sum())) for n in range(len(rows))]


def _vocabulary(definition: str) -> Any:
    model = json.loads(definition)["model"]
    return model["vocab"], model.get("merges")
