"""Train: the run, carried out by the dataset that keeps its model."""

from polymath.pipelines.training_runs import trainings
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def finetune_model(
    finetune_run: ShardFolder, tokens: ShardFolder, sequences: ShardFolder, schedule: ShardFolder, tokenizer: ShardFolder
) -> list[Training]:
    """The model after its last step (or its best, where training may stop early), in safetensors with its tokenizer."""
    return trainings(finetune_run, tokens, sequences, schedule, tokenizer)
