"""Train: the runs, carried out by the dataset that keeps their models."""

from polymath.pipelines.training_runs import trainings
from polymath.store.folder import ShardFolder
from polymath.training.trained import Training


def train_reward_model(
    reward_run: ShardFolder, tokens: ShardFolder, sequences: ShardFolder, schedule: ShardFolder, tokenizer: ShardFolder
) -> list[Training]:
    """The model that scores replies after its last step, in safetensors with its tokenizer."""
    return trainings(reward_run, tokens, sequences, schedule, tokenizer)
