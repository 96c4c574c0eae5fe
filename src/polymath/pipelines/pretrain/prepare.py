"""Prepare: the runs of a curriculum, ready to launch, with everything found out and checked before the work."""

from polymath.engine.contract import EngineConfig, Plan
from polymath.pipelines.libraries import Sources, TokenizeConfig
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.pipelines.training_runs import Libraries, Sought, plan_runs, when_scored
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.prepare import Mix

STAGE = "pretrain"


def plan_pretraining(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    pretrain: PretrainConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """A run for each stage, each going on from the model of the one before: steps, batches, the memory that each rank needs."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    return plan_runs(STAGE, sought(pretrain), mix, Libraries(models, hardware, tokenize.form, sources, engine))


def sought(pretrain: PretrainConfig) -> list[Sought]:
    """The curriculum's runs in order."""
    places = {name: {"train.track": f"stages.{name}.track"} for name in pretrain.stages}
    return [
        Sought(config=config, name=name, dials=places.get(name, {}), scores=when_scored(pretrain.benchmarks))
        for name, config in pretrain.curriculum.items()
    ]
