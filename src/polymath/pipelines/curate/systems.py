"""System prompts from a library, given to a share of the examples that have none; always the same one to the same example."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from polymath.config import Config, Words
from polymath.errors import UserError, unknown
from polymath.tasks import TASKS

TURNS = tuple(name for name, task in TASKS.items() if task.shape == "turns")


class SystemPrompt(Config):
    """One thing that a system prompt may ask for, in several wordings."""

    wordings: tuple[str, ...] = Field(min_length=1)
    tasks: Words = ()
    """Tasks whose examples may get it; none named: all that have a prompt and a reply."""
    fits: str | None = None
    """A regular expression (RE2) that the reply must hold: nobody learns to obey a prompt that the reply does not keep to."""
    unfit: str | None = None
    """One that it must not hold."""
    input_fits: str | None = None
    """One that the input must hold: advice on the code at hand needs code at hand."""
    with_input: bool | None = None
    """Only examples with an input (true) or without one (false)."""

    @model_validator(mode="after")
    def _can_be_used(self) -> "SystemPrompt":
        for task in self.tasks:
            if task not in TURNS:
                raise unknown("tasks", task, "task with replies", TURNS)
        for name in ("fits", "unfit", "input_fits"):
            pattern = getattr(self, name)
            try:
                pc.match_substring_regex(pa.array([""]), pattern or "")
            except pa.ArrowInvalid as error:
                raise UserError(f"{name}: {pattern!r} is no regular expression of RE2: {error}") from error
        return self


class SystemsConfig(Config):
    """The library, and how many examples get a prompt of it."""

    share: float = Field(0.0, ge=0, le=1)
    """Share of the examples without a system prompt of their own that are drawn; those that no prompt fits go without."""
    library: dict[str, SystemPrompt | None] = Field(default_factory=dict)
    """By name; null takes one out."""

    @property
    def prompts(self) -> dict[str, SystemPrompt]:
        """Those that are not taken out, by name."""
        return {name: prompt for name, prompt in sorted(self.library.items()) if prompt is not None}


def given_systems(systems: SystemsConfig, task: str, columns: Mapping[str, pa.Array], drawn: np.ndarray) -> dict[str, pa.Array]:
    """A system prompt for each example that is drawn and fits one, else its own; `drawn`: uint64[n], a hash of each example.

    `columns` are the examples' `reply`, and `system` and `input` where the recipe fills them. Nothing where none is drawn.
    """
    prompts = [p for p in systems.prompts.values() if not p.tasks or task in p.tasks]
    if not systems.share or not prompts or "reply" not in columns:
        return {}
    size = len(columns["reply"])
    own = columns.get("system", pa.nulls(size, pa.string()))
    luck = (drawn >> np.uint64(11)).astype(np.float64) / 2**53
    free = (luck < systems.share) & own.is_null().to_numpy(zero_copy_only=False)
    # Only the drawn are looked at: an expression over every reply of a large shard would cost minutes.
    rows = np.flatnonzero(free)
    if not len(rows):
        return {}
    reply, given = (columns.get(name, pa.nulls(size, pa.string())).take(pa.array(rows)) for name in ("reply", "input"))
    fits = np.array([_fits(prompt, reply, given) for prompt in prompts])
    bits = drawn[rows]
    count = fits.sum(axis=0)
    wanted = (bits % np.maximum(count, 1).astype(np.uint64)).astype(np.int64) + 1
    chosen = np.argmax((np.cumsum(fits, axis=0) == wanted) & fits, axis=0)
    words = [_word(prompts[n], int(b)) if c else None for n, b, c in zip(chosen, bits, count, strict=True)]
    mask = np.zeros(size, bool)
    mask[rows] = True
    return {"system": pc.replace_with_mask(own, pa.array(mask), pa.array(words, pa.string()))}


def _fits(prompt: SystemPrompt, reply: pa.Array, given: pa.Array) -> np.ndarray:
    """bool: for which examples, by their replies and inputs, the prompt may be."""
    found = reply.is_valid().to_numpy(zero_copy_only=False).copy()
    for pattern, text, wanted in ((prompt.fits, reply, True), (prompt.unfit, reply, False), (prompt.input_fits, given, True)):
        if pattern is not None:
            held = pc.fill_null(pc.match_substring_regex(text, pattern), False).to_numpy(zero_copy_only=False)
            found &= held == wanted
    with_input = given.is_valid().to_numpy(zero_copy_only=False)
    return found if prompt.with_input is None else found & (with_input == prompt.with_input)


def _word(prompt: SystemPrompt, bits: int) -> str:
    return prompt.wordings[(bits >> 32) % len(prompt.wordings)]
