"""Tracks: the named mixes that a run makes, what goes into each, and which part of it comes from where."""

import fnmatch
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from polymath.config import Config, Words
from polymath.errors import UserError, unknown
from polymath.sources.library import TIERS, Tier
from polymath.tasks import TASKS

Strategy = Literal["proportional", "temperature", "unimax", "explicit", "portfolio"]
REST, REPLAY, NO_PART = "rest", "replay", "(no part)"
"""Names of parts: what no share names, plain text in a track of other tasks, and what stays out of the track."""


class PortfolioConfig(Config):
    """The dials of the portfolio. Its estimates are assumed ones: they say so wherever they are shown."""

    aversion: float = Field(5.0, ge=0)
    """gamma: how much sameness of concepts weighs against their expected gain."""
    pull: float = Field(0.5, gt=0)
    """lambda: how strongly the weights are held to the prior (UniMax)."""
    min_prior_share: float = Field(0.5, ge=0, le=1)
    """No concept falls below this share of its prior weight."""
    tier_worth: dict[Tier, float] = Field(default_factory=lambda: dict(zip(TIERS, (1.0, 0.8, 0.6), strict=True)))
    """What a token of each tier is assumed to bring."""
    tier_floors: dict[Tier, float] = Field(default_factory=dict)
    """Least share of the track's tokens from each tier."""


class TrackConfig(Config):
    """One training track: what goes in, how it is weighed, how it is packed."""

    tasks: Words = ()
    """Tasks that go in; none named: all that fit the track's kind."""
    sources: Words = ()
    """Sources that go in, by name, glob, `tier:high` or `task:chat`; none named: all."""
    tiers: Words = ()
    """Tiers that go in; none named: all."""
    kind: Literal["packed", "pairs", "prompts"] = "packed"
    """`packed`: sequences of many examples; `pairs`: preference pairs, one a sequence; `prompts`: one example a sequence."""
    strategy: Strategy = "unimax"
    temperature: float = Field(2.0, gt=0)
    """T of the temperature strategy."""
    temperature_limit: int | None = Field(None, ge=1)
    """K of the temperature strategy, tokens: what a task has beyond them does not count; none given: all counts."""
    explicit: dict[str, float] = Field(default_factory=dict)
    """Weights of tasks, for the explicit strategy."""
    shares: dict[str, float] = Field(default_factory=dict)
    """Parts of the track and how much of its tokens each gets, in any unit: a source, a glob, `tier:high`, `task:chat`, or
    `rest` for what no other names. The first that fits counts; what none names stays out. Within a part, by the strategy."""
    replay: float = Field(0.0, ge=0, lt=1)
    """Share of the tokens that is plain text of pretraining, against forgetting (the rest is as it would be without it)."""
    budget_tokens: int | None = Field(None, ge=1)
    """Tokens to draw; none given: as many as there are."""
    max_epochs: float = Field(4.0, gt=0)
    """How often a token may be drawn at most (beyond four epochs repeats bring little; Muennighoff 2023, 2305.16264)."""
    portfolio: PortfolioConfig = PortfolioConfig()
    sequence_tokens: int = Field(2048, ge=8)
    """Length of a sequence."""
    batch_sequences: int = Field(32, ge=1)
    """Sequences in a global batch."""
    long_examples: Literal["split", "leave_out"] = "leave_out"
    """What becomes of prompts and replies that are longer than a sequence; plain text is always split."""
    correlated_share: float = Field(0.5, ge=0, le=1)
    """Wanted share of a batch's pairs that are about related things."""
    seed: int = 0

    @model_validator(mode="after")
    def _names_are_known(self) -> "TrackConfig":
        for place, tasks in (("tasks", self.tasks), ("explicit", self.explicit)):
            for word in tasks:
                if word not in TASKS:
                    raise unknown(place, word, "task", TASKS)
        for word in self.tiers:
            if word not in TIERS:
                raise unknown("tiers", word, "tier", TIERS)
        if self.strategy == "explicit" and not self.explicit:
            raise UserError("strategy explicit needs `explicit`: a weight for each task")
        for word in (*self.sources, *self.shares):
            _check_word(word)
        nothing = [name for name, share in self.shares.items() if share <= 0]
        if nothing:
            raise UserError(f"shares.{nothing[0]}: {self.shares[nothing[0]]:g} is no share; a part that none names stays out")
        if self.replay and self.kind != "packed":
            raise UserError(f"replay: a track of kind {self.kind} holds no plain text")
        return self

    @property
    def parts(self) -> dict[str, float]:
        """The parts and their shares of the tokens, sum one; one part without a name where there are no shares."""
        total = sum(self.shares.values())
        plan = {name: share / total for name, share in self.shares.items()} if self.shares else {"": 1.0}
        return {REPLAY: self.replay, **{n: share * (1 - self.replay) for n, share in plan.items()}} if self.replay else plan

    def parts_of(self, counts: pa.Table) -> np.ndarray:
        """str: the part of each row of a count table (or any with source, tier and task); NO_PART where no share names it."""
        found = np.full(len(counts), NO_PART if self.shares else "", object)
        for word in [name for name in reversed(self.shares) if name != REST]:
            found[_fitting(word, counts)] = word
        if REST in self.shares:
            found[found == NO_PART] = REST
        if self.replay:
            found[_of_shape(counts, "text")] = REPLAY
        return found

    def takes(self, counts: pa.Table) -> np.ndarray:
        """bool: which rows of a count table (or any with source, tier and task) go into the track."""
        pairs, turns, texts = (_of_shape(counts, shape) for shape in ("pair", "turns", "text"))
        fits = pairs if self.kind == "pairs" else turns if self.kind == "prompts" else turns | texts
        for names, column in ((self.tasks, "task"), (self.tiers, "tier")):
            if names:
                fits = fits & np.isin(counts[column].to_numpy(), names)
        if self.sources:
            fits = fits & np.any([_fitting(word, counts) for word in self.sources], axis=0)
        if self.replay:
            fits = fits | texts
        return np.asarray(fits & (self.parts_of(counts) != NO_PART), bool)


def _check_word(word: str) -> None:
    """A selector of a track names a task or a tier that there is."""
    kind, _, value = word.partition(":")
    known: dict[str, Iterable[str]] = {"tier": TIERS, "task": TASKS}
    if ":" in word and kind not in known:
        raise unknown("sources and shares", kind, "selector of a track", known)
    if ":" in word and value not in known[kind]:
        raise unknown(word, value, kind, known[kind])


def _fitting(word: str, counts: pa.Table) -> np.ndarray:
    """bool: which rows a name, a glob or a selector means."""
    kind, _, value = word.partition(":")
    if value:
        return np.asarray(counts[kind].to_numpy() == value, bool)
    known = counts["source"].to_numpy()
    return np.isin(known, [name for name in set(known) if fnmatch.fnmatchcase(name, word)])


def _of_shape(counts: pa.Table, shape: str) -> np.ndarray:
    return np.isin(counts["task"].to_numpy(), [name for name, task in TASKS.items() if task.shape == shape])


class MixConfig(Config):
    """The dials of mix and pack: one entry for each track."""

    tracks: dict[str, TrackConfig | None]
    """By name (`sft`, `pretrain.1`, `preference`, `prompts`); null switches one off."""

    @property
    def wanted(self) -> dict[str, TrackConfig]:
        """The tracks that are not switched off."""
        return {name: track for name, track in self.tracks.items() if track is not None}

    def check_packed(self, packed: list[str]) -> None:
        """Raises UserError where the sequences that stand on disk are of other tracks: they were packed by another run."""
        if packed != list(self.wanted):
            raise UserError(
                f"sequences are of the tracks {', '.join(packed)}, not of {', '.join(self.wanted)}; "
                "pack them first (--from-nodes=curate.pack.pack_sequences)"
            )
