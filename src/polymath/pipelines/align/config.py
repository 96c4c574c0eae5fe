"""The dials of align."""

from typing import Literal

from pydantic import Field

from polymath.config import Config
from polymath.training.config import StageConfig
from polymath.training.objectives import Direct, DirectDials, Grouped, GroupedDials, Objective, Rewards


class SamplesConfig(Config):
    """Replies that are drawn when a model is aligned, of it and of the model that it started from."""

    track: str | None = None
    """A track whose held-out prompts are asked; none given: the one that was trained on."""
    prompts: int = Field(48, ge=0)
    """Held-out prompts, evenly drawn from the sources; 0: none."""
    replies: int = Field(4, ge=2)
    """To each prompt: the n of best-of-n."""
    max_new_tokens: int = Field(64, ge=1)
    temperature: float = Field(1.0, gt=0)
    top_p: float = Field(1.0, gt=0, le=1)
    pairs: int = Field(0, ge=0)
    """Prompts of the training split whose best and worst replies become pairs for another round; 0: none."""
    batch: int = Field(16, ge=1)
    """Prompts that are answered at once."""
    seed: int = 0


class AlignConfig(StageConfig):
    """Which model is aligned, towards what, how, where."""

    method: Literal["dpo", "grpo"] = "dpo"
    """dpo: from pairs of replies; grpo: from rewards for replies of its own."""
    dpo: DirectDials = DirectDials()
    grpo: GroupedDials = GroupedDials()
    rewards: Rewards = Rewards()
    samples: SamplesConfig = SamplesConfig()

    def objective(self, seen: dict[str, str]) -> Objective:
        """What a run strives for. `seen`: digests of what the rewards depend on beside their dials."""
        if self.method == "dpo":
            return Direct(**self.dpo.model_dump())
        return Grouped(**self.grpo.model_dump(), rewards=self.rewards, seen=seen)

    @property
    def asked(self) -> str:
        """The track whose prompts are asked when the model is aligned."""
        return self.samples.track or self.train.track
