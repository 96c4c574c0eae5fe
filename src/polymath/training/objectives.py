"""What a training run strives for: each kind has a stage builder in `stages/`, and takes a track of its own kind."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from polymath.config import Config

Tracks = Literal["packed", "pairs", "prompts"]
"""The kinds of tracks, as `mix.tracks.NAME.kind` has them."""


class NextToken(Config):
    """Cross-entropy of the tokens that the loss mask names: pretraining and supervised fine-tuning alike."""

    TRACK: ClassVar[Tracks] = "packed"
    kind: Literal["next_token"] = "next_token"


class Pairwise(Config):
    """A scalar for each reply, higher for the better one: the model of Bradley and Terry (1952) over pairs of replies."""

    TRACK: ClassVar[Tracks] = "pairs"
    kind: Literal["pairwise"] = "pairwise"
    margin: float = Field(0.0, ge=0)
    """By how much the better reply's reward is to exceed the worse one's: -log sigmoid(chosen - rejected - margin)."""
    centring: float = Field(0.0, ge=0)
    """Weight of (chosen + rejected)^2, which keeps rewards around zero (Eisenstein 2023, 2312.09244)."""
    language_weight: float = Field(0.0, ge=0)
    """Weight of the next-token loss on the better reply, beside the pair's (Askell 2021, 2112.00861)."""


class Direct(Config):
    """Direct preference optimisation (Rafailov 2023, 2305.18290), by TRL."""

    TRACK: ClassVar[Tracks] = "pairs"
    kind: Literal["dpo"] = "dpo"
    beta: float = Field(0.1, gt=0)
    """How dear it is to leave the reference."""
    loss: Literal["sigmoid", "ipo", "hinge", "robust"] = "sigmoid"
    """As TRL names them."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Share of pairs that are thought to be the wrong way round."""


Objective = Annotated[NextToken | Pairwise | Direct, Field(discriminator="kind")]
