"""The dials of finetune."""

from polymath.evaluation.between import BetweenConfig
from polymath.training.config import StageConfig


class FinetuneConfig(StageConfig):
    """`params:finetune`: which model, how it is trained, where, and what it is asked while it learns."""

    benchmarks: BetweenConfig = BetweenConfig()
