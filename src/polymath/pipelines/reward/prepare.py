"""Prepare: one run or two that are ready to launch, with everything found out and checked before the work."""

from pathlib import Path

from polymath.engine.contract import EngineConfig, Plan
from polymath.errors import UserError, unknown
from polymath.pipelines.libraries import Sources, TokenizeConfig
from polymath.pipelines.reward.config import PretrainingConfig, RewardConfig
from polymath.pipelines.training_runs import Libraries, Sought, on, plain, plan_runs
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.config import StageConfig
from polymath.training.objectives import Pairwise
from polymath.training.prepare import Mix
from polymath.training.trained import Trained

STAGE = "reward"


def plan_reward(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    reward: RewardConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The run, after that of preference-model pretraining where one is wanted: steps, batches, the memory of each rank."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    return plan_runs(STAGE, sought(reward, models, mix), mix, Libraries(models, hardware, tokenize.form, sources, engine))


def plan_reward_of(
    base: Trained,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    reward: RewardConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The same from the model that another stage left, whatever model the dials name."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    libraries = Libraries(models, hardware, tokenize.form, sources, engine)
    return plan_runs(STAGE, sought(on(reward, base), models, mix), mix, libraries)


def sought(reward: RewardConfig, shapes: Shapes, mix: Mix) -> list[Sought]:
    """The runs, each starting from the model of the one before."""
    config = plain(reward)
    objective = Pairwise(**reward.loss.model_dump())
    last = Sought(config=config, objective=objective)
    if reward.pretraining is None:
        return [last]
    return [_pretraining(config, reward.pretraining, objective, shapes, mix), last]


def _pretraining(config: StageConfig, dials: PretrainingConfig, objective: Pairwise, shapes: Shapes, mix: Mix) -> Sought:
    tracks = [shard.name for shard in mix.schedule.shards]
    if dials.track not in tracks:
        raise unknown("reward.pretraining.track", dials.track, "track of this mix", tracks)
    rate = dials.learning_rate or dials.learning_rate_share * pretraining_rate(config.model.name, shapes)
    optimizer = config.train.optimizer.model_copy(update={"learning_rate": rate})
    train = config.train.model_copy(update={"track": dials.track, "steps": dials.steps, "tokens": None, "optimizer": optimizer})
    both = objective.model_copy(update={"language_weight": dials.language_weight})
    return Sought(config=config.model_copy(update={"train": train}), objective=both, dials={"train.track": "pretraining.track"})


def pretraining_rate(name: str, shapes: Shapes) -> float:
    """The learning rate by which a model was pretrained: a shape's own, or that of the run of ours that began from one."""
    if name in shapes.root:
        return shapes.root[name].learning_rate
    run = Trained(Path(name).parent)
    if not (run.folder / "run.json").exists():
        raise UserError(
            f"reward.pretraining.learning_rate: none given, and by which rate {name!r} was pretrained is not known; "
            "name one (a hundredth of that of its pretraining)"
        )
    start = run.job.run.start
    return run.job.run.learning_rate if start.kind == "fresh" else pretraining_rate(start.place, shapes)
