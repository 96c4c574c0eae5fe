"""Prepare: a run that is ready to launch, with everything found out and checked before the work."""

from polymath.engine.contract import EngineConfig, Plan
from polymath.pipelines.finetune.config import FinetuneConfig
from polymath.pipelines.libraries import Sources, TokenizeConfig
from polymath.pipelines.training_runs import Libraries, Sought, on, plain, plan_runs, when_scored
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.config import StageConfig
from polymath.training.prepare import Mix
from polymath.training.trained import Trained

STAGE = "finetune"


def plan_finetuning(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    finetune: FinetuneConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The run, from the model that the dials name: steps, how batches lie on the machine, the memory that each rank needs."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    return plan_runs(STAGE, [_sought(finetune, finetune)], mix, Libraries(models, hardware, tokenize.form, sources, engine))


def plan_finetuning_of(
    pretrained: Trained,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    finetune: FinetuneConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The same from the model that pretraining left, whatever model the dials name."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    libraries = Libraries(models, hardware, tokenize.form, sources, engine)
    return plan_runs(STAGE, [_sought(finetune, on(finetune, pretrained))], mix, libraries)


def _sought(dials: FinetuneConfig, config: StageConfig) -> Sought:
    """What decides the model, and when its checkpoints are scored, which decides nothing."""
    return Sought(config=plain(config), scores=when_scored(dials.benchmarks))
