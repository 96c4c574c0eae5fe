"""The dials of reward."""

from pydantic import Field

from polymath.config import Config
from polymath.training.config import StageConfig, TrainConfig
from polymath.training.objectives import PairwiseDials


class PretrainingConfig(Config):
    """Preference-model pretraining: many pairs that nobody wrote for it, before the few that were (Askell 2021, 2112.00861)."""

    track: str = "preference.pretraining"
    """A track of pairs."""
    steps: int | None = Field(None, ge=1)
    """Global batches of the schedule to train on; none given: all of them."""
    language_weight: float = Field(1.0, ge=0)
    """Weight of the next-token loss on the better reply, beside the pair's."""
    learning_rate: float | None = Field(None, gt=0)
    """At its height; none given: `learning_rate_share` of that by which the model was pretrained."""
    learning_rate_share: float = Field(0.01, gt=0)


class RewardConfig(StageConfig):
    """Which model learns to score replies, from which pairs, how, where."""

    train: TrainConfig = TrainConfig(track="preference")
    loss: PairwiseDials = PairwiseDials()
    pretraining: PretrainingConfig | None = None
    """none: the model learns from `train.track` alone."""
