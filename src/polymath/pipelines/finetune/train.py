"""Train: the run, carried out by the dataset that keeps its model."""

from polymath.store.folder import ShardFolder
from polymath.training.config import Data, RunConfig
from polymath.training.trained import Training


def train_model(
    finetune_run: ShardFolder, tokens: ShardFolder, sequences: ShardFolder, schedule: ShardFolder, tokenizer: ShardFolder
) -> Training:
    """The model after its last step (or its best, where training may stop early), in safetensors with its tokenizer."""
    row = finetune_run.read(["run", "rank_bytes"]).to_pylist()[0]
    data = Data(tokens=tokens.path, sequences=sequences.path, schedule=schedule.path, tokenizer=tokenizer.path)
    return Training(RunConfig.model_validate_json(row["run"]), data, row["rank_bytes"])
