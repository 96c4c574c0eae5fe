"""Tracks: the named mixes that a run makes, and what goes into each."""

from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from polymath.config import Config, Words
from polymath.errors import UserError, unknown
from polymath.sources.library import TIERS
from polymath.tasks import TASKS

Strategy = Literal["proportional", "temperature", "unimax", "explicit", "portfolio"]


class PortfolioConfig(Config):
    """The dials of the portfolio. Its estimates are assumed ones: they say so wherever they are shown."""

    aversion: float = Field(5.0, ge=0)
    """gamma: how much sameness of concepts weighs against their expected gain."""
    pull: float = Field(0.5, gt=0)
    """lambda: how strongly the weights are held to the prior (UniMax)."""
    min_prior_share: float = Field(0.5, ge=0, le=1)
    """No concept falls below this share of its prior weight."""
    tier_worth: dict[str, float] = Field(default_factory=lambda: {"high": 1.0, "medium": 0.8, "low": 0.6})
    """What a token of each tier is assumed to bring."""
    tier_floors: dict[str, float] = Field(default_factory=dict)
    """Least share of the track's tokens from each tier."""


class TrackConfig(Config):
    """One training track: what goes in, how it is weighed, how it is packed."""

    tasks: Words = ()
    """Tasks that go in; none named: all that fit the track's kind."""
    sources: Words = ()
    """Sources that go in; none named: all."""
    tiers: Words = ()
    """Tiers that go in; none named: all."""
    kind: Literal["packed", "pairs", "prompts"] = "packed"
    """`packed`: sequences of many examples; `pairs`: preference pairs, one a sequence; `prompts`: one example a sequence."""
    strategy: Strategy = "unimax"
    temperature: float = Field(2.0, gt=0)
    """T of the temperature strategy."""
    explicit: dict[str, float] = Field(default_factory=dict)
    """Weights of tasks, for the explicit strategy."""
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
        for word in self.tasks:
            if word not in TASKS:
                raise unknown("tasks", word, "task", TASKS)
        for word in self.tiers:
            if word not in TIERS:
                raise unknown("tiers", word, "tier", TIERS)
        if self.strategy == "explicit" and not self.explicit:
            raise UserError("strategy explicit needs `explicit`: a weight for each task")
        return self

    def takes(self, counts: pa.Table) -> np.ndarray:
        """bool: which rows of a count table (or any with source, tier and task) go into the track."""
        shape = np.array([TASKS[task].shape for task in counts["task"].to_pylist()])
        fits = (
            (shape == "pair") if self.kind == "pairs" else (shape == "turns") if self.kind == "prompts" else (shape != "pair")
        )
        for names, column in ((self.tasks, "task"), (self.sources, "source"), (self.tiers, "tier")):
            if names:
                fits &= np.isin(counts[column].to_numpy(), names)
        return fits


class MixConfig(Config):
    """The dials of mix and pack: one entry for each track."""

    tracks: dict[str, TrackConfig | None]
    """By name (`sft`, `pretrain.1`, `preference`, `prompts`); null switches one off."""

    @property
    def wanted(self) -> dict[str, TrackConfig]:
        """The tracks that are not switched off."""
        return {name: track for name, track in self.tracks.items() if track is not None}
