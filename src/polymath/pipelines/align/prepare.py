"""Prepare: a run that is ready to launch, with everything found out and checked before the work."""

from pathlib import Path

from polymath.engine.contract import EngineConfig, Plan
from polymath.errors import UserError
from polymath.pipelines.align.config import AlignConfig
from polymath.pipelines.libraries import Sources, TokenizeConfig
from polymath.pipelines.training_runs import Libraries, Sought, on, plain, plan_runs
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.config import naming
from polymath.training.prepare import Mix
from polymath.training.rewards import MODEL, check_named, check_reward_model
from polymath.training.start import folder_digest
from polymath.training.tokenizer import tokenizer_row
from polymath.training.trained import STAGES, Trained

STAGE = "align"


def plan_alignment(
    finetuned: Trained | None,
    aligned_before: Trained | None,
    rewarded: Trained | None,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    prompt_checks: ShardFolder,
    align: AlignConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The run, from the model that the dials name: steps, how batches lie on the machine, the memory that each rank needs."""
    mix, libraries = Mix(tokens, sequences, schedule, tokenizer), Libraries(models, hardware, tokenize.form, sources, engine)
    return plan_runs(
        STAGE, [_sought(started(align, finetuned, aligned_before), rewarded, prompt_checks, tokenizer)], mix, libraries
    )


def plan_alignment_of(
    base: Trained,
    rewarded: Trained | None,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    prompt_checks: ShardFolder,
    align: AlignConfig,
    models: Shapes,
    hardware: GPUs,
    tokenize: TokenizeConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The same from the model that another stage left, whatever model the dials name."""
    mix, libraries = Mix(tokens, sequences, schedule, tokenizer), Libraries(models, hardware, tokenize.form, sources, engine)
    return plan_runs(STAGE, [_sought(on(align, base), rewarded, prompt_checks, tokenizer)], mix, libraries)


def started(align: AlignConfig, finetuned: Trained | None, aligned_before: Trained | None) -> AlignConfig:
    """The dials with the folder of the model in place of the word `finetuned`, or `aligned`: another round."""
    left = {STAGES["finetune"]: finetuned, STAGES["align"]: aligned_before or finetuned}
    if align.model.name not in left:
        return align
    base = left[align.model.name]
    if base is None:
        raise UserError("align.model.name: no model was finetuned here yet; run: kedro run --pipeline=finetune")
    return on(align, base)


def settled(align: AlignConfig, rewarded: Trained | None) -> AlignConfig:
    """The dials with the folder of the reward model in place of the word `rewarded`.

    Where there is none, DPO does without it, and its replies earn nothing from it; GRPO cannot.
    """
    weights = {name: weight for name, weight in align.rewards.weights.items() if weight}
    place = align.rewards.model if MODEL in weights else None
    if place == STAGES["reward"]:
        if rewarded is None and align.method == "grpo":
            raise UserError(
                "align.rewards.model: no reward model was trained here yet; run: kedro run --pipeline=reward, "
                "or choose other rewards: --params=align.rewards.weights.model=0"
            )
        place = str(rewarded.model) if rewarded else None
    if place is None:
        weights.pop(MODEL, None)
    return align.model_copy(update={"rewards": align.rewards.model_copy(update={"model": place, "weights": weights})})


def depends_on(align: AlignConfig, prompt_checks: ShardFolder) -> dict[str, str]:
    """Digests of what rewards depend on beside their dials."""
    model = {"model": folder_digest(Path(align.rewards.model))} if align.rewards.model else {}
    return {"checks": prompt_checks.digest, **model}


def _sought(align: AlignConfig, rewarded: Trained | None, prompt_checks: ShardFolder, tokenizer: ShardFolder) -> Sought:
    with naming(STAGE):
        check_named(align.rewards)
    align = settled(align, rewarded)
    with naming(STAGE):
        if align.rewards.model:
            check_reward_model(align.rewards, tokenizer_row(tokenizer)["definition"])
    return Sought(config=plain(align), objective=align.objective(depends_on(align, prompt_checks)))
