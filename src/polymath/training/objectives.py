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


class PairwiseDials(Config):
    """How the rewards of a pair are held against each other."""

    margin: float = Field(0.0, ge=0)
    """By how much the better reply's reward is to exceed the worse one's: -log sigmoid(chosen - rejected - margin)."""
    centring: float = Field(0.0, ge=0)
    """Weight of (chosen + rejected)^2, which keeps rewards around zero (Eisenstein 2023, 2312.09244)."""
    language_weight: float = Field(0.0, ge=0)
    """Weight of the next-token loss on the better reply, beside the pair's (Askell 2021, 2112.00861)."""


class Pairwise(PairwiseDials):
    """A scalar for each reply, higher for the better one: the model of Bradley and Terry (1952) over pairs of replies."""

    TRACK: ClassVar[Tracks] = "pairs"
    kind: Literal["pairwise"] = "pairwise"


class DirectDials(Config):
    """How replies are preferred."""

    beta: float = Field(0.1, gt=0)
    """How dear it is to leave the reference."""
    loss: Literal["sigmoid", "ipo", "hinge", "robust"] = "sigmoid"
    """As TRL names them."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Share of pairs that are thought to be the wrong way round."""


class Direct(DirectDials):
    """Direct preference optimisation (Rafailov 2023, 2305.18290), by TRL."""

    TRACK: ClassVar[Tracks] = "pairs"
    kind: Literal["dpo"] = "dpo"


class Rewards(Config):
    """What a reply earns: a weighted sum, of what applies to it."""

    weights: dict[str, float] = Field(default_factory=lambda: {"model": 1.0})
    """By name: `check` (the recipe's own: maths, letters, tests), `model` (a reward model), `format`, `ended`, or one of
    evaluate's scorers (`final_answer`, `f1`, `rouge_l`, ...), which compares with the example's own reply."""
    model: str | None = "rewarded"
    """The reward model: a folder; `rewarded`: the one that the stage reward has left."""
    format: str | None = None
    """A regular expression; `format` is the share of a reply that it matches: `(?s).*Answer: \\S+` for a form of all of it."""
    execute_code: bool = False
    """Run the programs that the model writes where tests check them. It is no wall: see `evaluate.execute_code`."""


class GroupedDials(Config):
    """How replies are drawn and held against each other."""

    replies: int = Field(8, ge=2)
    """To each prompt of a batch."""
    max_new_tokens: int = Field(128, ge=1)
    """A reply is cut off after so many tokens."""
    temperature: float = Field(1.0, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)
    beta: float = Field(0.04, ge=0)
    """Weight of the KL divergence from the starting model; 0: it is neither held nor measured."""
    loss: Literal["grpo", "bnpo", "dr_grpo", "dapo"] = "dapo"
    """How tokens are averaged, as TRL names it."""
    scale: Literal["group", "batch", "none"] = "group"
    """Advantages are divided by the spread of the rewards of the prompt's replies, of the batch's, or by none."""


class Grouped(GroupedDials):
    """Group-relative policy optimisation (Shao 2024, 2402.03300), by TRL: a prompt's replies are held against each other."""

    TRACK: ClassVar[Tracks] = "prompts"
    kind: Literal["grpo"] = "grpo"
    rewards: Rewards = Rewards()
    seen: dict[str, str] = Field(default_factory=dict)
    """Digests of what the rewards depend on beside these dials; found when the run is planned."""


Objective = Annotated[NextToken | Pairwise | Direct | Grouped, Field(discriminator="kind")]
