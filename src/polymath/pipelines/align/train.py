"""Train: the run, carried out by the dataset that keeps its model."""

from polymath.pipelines.training_runs import trainings
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def align_model(
    align_run: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    prompt_checks: ShardFolder,
) -> list[Training]:
    """The model after its last step (or its best, where training may stop early), in safetensors with its tokenizer."""
    return trainings(align_run, tokens, sequences, schedule, tokenizer, checks=prompt_checks)
