"""The dials of pretraining: what all stages of a curriculum have in common, and what is each one's own."""

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from polymath.config import Config
from polymath.evaluation.between import BetweenConfig
from polymath.training.config import OptimizerConfig, Schedule, StageConfig, TrainConfig, ValidationConfig


class CurriculumStage(Config):
    """One stage of a curriculum. What it does not say is as `pretrain.train` says it."""

    track: str | None = None
    """A track of the mix. On a track that a stage before was trained on, it goes on where that one stopped."""
    steps: int | None = Field(None, ge=1)
    """Global batches to train on; none given, here and in `train`: all that are left of the track."""
    tokens: int | None = Field(None, ge=1)
    """Tokens to train on, in whole batches; with `steps`, what comes first ends the stage."""
    learning_rate: float | None = Field(None, gt=0)
    """At its height."""
    schedule: Schedule | None = None
    warmup_share: float | None = Field(None, ge=0, lt=1)
    decay_share: float | None = Field(None, gt=0, le=1)
    final_share: float | None = Field(None, ge=0, le=1)
    validate_every: int | None = Field(None, ge=1)
    """Steps from one validation to the next."""
    patience: int | None = Field(None, ge=1)
    """Stop the stage after so many validations without a better loss."""

    def over(self, train: TrainConfig) -> TrainConfig:
        """The common dials with this stage's own in their places."""
        own = {name: value for name, value in self if value is not None}
        own |= {"every_steps": own.pop("validate_every")} if "validate_every" in own else {}
        parts: dict[str, type[Config]] = {"optimizer": OptimizerConfig, "validation": ValidationConfig}
        for part, kind in parts.items():
            mine = {name: own.pop(name) for name in kind.model_fields if name in own}
            own[part] = getattr(train, part).model_copy(update=mine)
        return train.model_copy(update=own)


def _none_named(given: Any) -> Any:
    """`stages: null` leaves all of them out."""
    return {} if given is None else given


class Benchmarks(BetweenConfig):
    """Which benchmarks are scored in each stage of a curriculum, and when."""

    PLACE: ClassVar[str] = "pretrain.benchmarks"


class PretrainConfig(StageConfig):
    """A curriculum: one model, trained in stages."""

    train: TrainConfig = TrainConfig(track="pretrain.1", validation=ValidationConfig(by="source"))
    stages: Annotated[dict[str, CurriculumStage | None], BeforeValidator(_none_named)] = Field(default_factory=dict)
    """By name, in the order in which they stand, each from the model of the one before; null leaves one out, or all of them.
    None named: one stage, as `train` has it."""
    benchmarks: Benchmarks = Benchmarks()

    @property
    def curriculum(self) -> dict[str, StageConfig]:
        """The dials of each stage, by name."""
        stages = {name: stage for name, stage in self.stages.items() if stage is not None}
        trains = {name: stage.over(self.train) for name, stage in stages.items()} or {self.train.track: self.train}
        return {name: StageConfig(model=self.model, train=train, hardware=self.hardware) for name, train in trains.items()}
