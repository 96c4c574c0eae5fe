"""Train: the run, carried out by the dataset that keeps its model."""

from pathlib import Path

from polymath.evaluation.between import Examiner
from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.finetune.config import FinetuneConfig
from polymath.pipelines.training_runs import trainings
from polymath.sources.benchmarks import Benchmarks
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def finetune_model(
    finetune_run: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    finetune: FinetuneConfig,
    suites: Suites,
    harness: Harness,
    benchmarks: Benchmarks,
    files_root: str,
) -> list[Training]:
    """The model after its last step (or its best, where training may stop early), in safetensors with its tokenizer."""
    scorer = Examiner.of(finetune.benchmarks, suites, harness, benchmarks, Path(files_root))
    return trainings(finetune_run, tokens, sequences, schedule, tokenizer, scorer)
