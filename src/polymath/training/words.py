"""What a person reads of a training run before it starts and while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from polymath.planning.memory import GIB
from polymath.training.config import RunConfig
from polymath.training.objectives import Grouped

if TYPE_CHECKING:
    from polymath.training.trained import Training


def announcement(training: Training) -> str:
    """What will be trained, how it lies on the machine, and what each rank will need of its memory."""
    run = training.run
    layout, machine = run.layout, run.layout.machine
    parameters = run.start.anatomy.parameters
    how = f"LoRA of rank {run.model.lora.rank}" if run.model.lora else "all of it"
    split = f", ZeRO {layout.zero}" if layout.zero else ""
    split += (
        f", {'optimizer' if layout.offload == 'optimizer' else 'all states'} in CPU memory" if layout.offload != "none" else ""
    )
    ranks = f"{machine.ranks} {machine.kind} rank{'s' if machine.ranks > 1 else ''}"
    return (
        f"{run.start.name}: {told_count(parameters)} parameters, {how}, {run.steps:,} steps of {told_batch(run)} "
        f"(track {run.train.track}) on {ranks}, {layout.micro_batch} at once x {layout.accumulation}{split}; "
        f"each rank needs about {training.need / GIB:,.1f} of its {machine.memory / GIB:,.1f} GiB"
    )


def told_batch(run: RunConfig) -> str:
    """What a global batch holds: `64 sequences`, `64 pairs`, `512 replies to 64 prompts`."""
    rows, objective = run.layout.batch, run.objective
    if isinstance(objective, Grouped):
        return f"{rows} replies to {rows // objective.replies} prompts"
    return f"{rows} {'pairs' if objective.TRACK == 'pairs' else 'sequences'}"


def pace(facts: dict[str, Any], run: RunConfig) -> str:
    """A line of a rank in short: the step, the loss, tokens per second, the share of the GPUs' peak, memory, time left."""
    if facts["kind"] == "start":
        return f"begins at step {facts['step']:,}" if facts["step"] else "begins"
    if facts["kind"] == "scores":
        return ", ".join(f"{name} {each['score']:.3f}" for name, each in facts["scores"].items())
    if facts["kind"] == "validation":
        return f"validation loss {facts['validation']['all']:.3f}"
    speed = facts["tokens"] / facts["seconds"] if facts["seconds"] else 0.0
    told = f"step {facts['step']:,}/{run.steps:,}  loss {facts['loss']:.3f}  {speed:,.0f} tokens/s"
    mfu = model_flops_share(facts, run)
    told += (f"  MFU {mfu:.0%}" if mfu is not None else "") + f"  {facts['memory_mb'] / 1024:.1f} GiB"
    return f"{told}  {time_left((run.steps - facts['step']) * facts['seconds'])}"


def time_left(seconds: float) -> str:
    """Of the steps that are left, at the pace of the last one; validations come on top."""
    minutes = round(seconds / 60)
    hours = f"{minutes // 60} h " if minutes >= 60 else ""
    return f"{hours}{minutes % 60} min left" if minutes else "under a minute left"


def remark(facts: dict[str, Any]) -> str:
    """What a person should know of a line of a rank at once: of a loss that stands out; empty for all else."""
    spike = facts.get("spike")
    if spike is None:
        return ""
    return (
        f"step {facts['step']:,}: the loss is {facts['loss']:.3f}, {spike['deviations']:,.0f} deviations above the usual "
        f"{spike['usual']:.3f}; the examples of its batch: {spike['examples']}"
    )


def model_flops_share(facts: dict[str, Any], run: RunConfig) -> float | None:
    """Model FLOP utilisation (Chowdhery 2022, 2204.02311) of a step: 6 N FLOP a token over the GPUs' peak; None without one,
    and where a step does more than to pass its tokens through the model and back: a reference, replies.

    With adapters the frozen model is only passed through: 4 N.
    """
    machine = run.layout.machine
    if machine.peak_flops is None or not facts["seconds"] or run.objective.kind != "next_token":
        return None
    each = (4 if run.model.lora else 6) * run.start.anatomy.parameters
    return float(each * facts["tokens"] / facts["seconds"] / (machine.peak_flops * machine.ranks))


def told_count(number: float) -> str:
    """`5.2 M`, `70 B`; small numbers as they are."""
    size, name = next(((size, name) for size, name in ((1e9, "B"), (1e6, "M")) if number >= size), (1, ""))
    return f"{number / size:.3g} {name}" if name else f"{number:,.0f}"
