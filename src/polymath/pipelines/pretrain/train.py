"""Train: the runs, carried out one after another by the dataset that keeps their models."""

from pathlib import Path

from polymath.evaluation.between import Examiner
from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.pipelines.training_runs import trainings
from polymath.sources.benchmarks import Benchmarks
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def pretrain_model(
    pretrain_run: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    pretrain: PretrainConfig,
    suites: Suites,
    harness: Harness,
    benchmarks: Benchmarks,
    files_root: str,
) -> list[Training]:
    """The model after the last stage, in safetensors with its tokenizer; those of the stages before lie beside it."""
    scorer = Examiner.of(pretrain.benchmarks, suites, harness, benchmarks, Path(files_root))
    return trainings(pretrain_run, tokens, sequences, schedule, tokenizer, scorer)
