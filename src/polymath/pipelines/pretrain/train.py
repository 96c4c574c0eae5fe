"""Train: the runs, carried out one after another by the dataset that keeps their models."""

from polymath.pipelines.training_runs import trainings
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def pretrain_model(
    pretrain_run: ShardFolder, tokens: ShardFolder, sequences: ShardFolder, schedule: ShardFolder, tokenizer: ShardFolder
) -> list[Training]:
    """The model after the last stage, in safetensors with its tokenizer; those of the stages before lie beside it."""
    return trainings(pretrain_run, tokens, sequences, schedule, tokenizer)
