"""Laying a global batch on the machine: the lowest ZeRO stage and the largest micro-batch that fit, and DeepSpeed's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polymath.errors import UserError
from polymath.planning.memory import GIB, SETTINGS, Beside, Load, Need, Setting, Training, need
from polymath.training.config import HardwareConfig, Layout, Machine, ModelConfig, Start, TrainConfig

LARGEST_MICRO_BATCH = 64
LARGEST_BUCKET = 500_000_000
BUCKET_SECONDS = 0.01
CPU_TOKENS = 1024
"""Tokens of a micro-batch on CPUs: more make nothing faster there."""


def lay_out(
    start: Start,
    model: ModelConfig,
    train: TrainConfig,
    hardware: HardwareConfig,
    machine: Machine,
    batch: int,
    sequence_tokens: int,
    beside: Beside | None = None,
) -> tuple[Layout, Need]:
    """The layout, and what a rank needs for it; a UserError that says what would be needed where nothing fits.

    `beside`: what it holds beside the model that learns.
    """
    if train.precision == "fp16" and hardware.zero == 0:
        raise UserError("train.precision: fp16 needs DeepSpeed, which scales the loss; hardware.zero=0 leaves it out")
    sizes = _micro_batches(hardware, machine, batch, sequence_tokens)
    tried: list[tuple[Setting, int, Need]] = []
    for setting in _settings(hardware, machine, train):
        for size in sizes:
            wanted = need(_load(start, model, train, size * sequence_tokens, beside or Beside()), setting, machine.ranks)
            tried.append((setting, size, wanted))
            if wanted.total <= machine.memory * (1 - hardware.reserve) and wanted.offloaded <= machine.cpu_memory:
                return _layout(setting, size, machine, hardware, train, batch), wanted
    setting, size, wanted = min(tried, key=lambda each: each[2].total)
    raise UserError(
        f"hardware: {start.name!r} does not fit: each of {machine.ranks} ranks would need {wanted.total / GIB:,.1f} GiB with "
        f"ZeRO {setting.zero}, offload {setting.offload} and {size} sequences at once, and has {machine.memory / GIB:,.1f}, "
        f"{hardware.reserve:.0%} of it in reserve; use more ranks, model.gradient_checkpointing=true, model.lora.rank=16, "
        "train.precision=bf16, or hardware.offload=all"
    )


def _micro_batches(hardware: HardwareConfig, machine: Machine, batch: int, sequence_tokens: int) -> list[int]:
    """Sequences that a rank may hold at once, the most first; they divide its share of a batch."""
    if batch % machine.ranks:
        nearest = max(number for number in range(1, machine.ranks) if batch % number == 0)
        raise UserError(
            f"hardware: {machine.ranks} ranks cannot share global batches of {batch} sequences evenly; "
            f"use {nearest} ranks, or another batch_sequences of the track"
        )
    share = batch // machine.ranks
    sizes = [size for size in range(min(share, LARGEST_MICRO_BATCH), 0, -1) if share % size == 0]
    if hardware.micro_batch == "auto":
        return sizes if machine.gpus else [size for size in sizes if size * sequence_tokens <= CPU_TOKENS] or sizes[-1:]
    if share % hardware.micro_batch:
        raise UserError(
            f"hardware.micro_batch: {hardware.micro_batch} does not divide the {share} sequences that each of "
            f"{machine.ranks} ranks takes of a batch; choose one of {', '.join(map(str, sorted(sizes)))}"
        )
    return [hardware.micro_batch]


def _settings(hardware: HardwareConfig, machine: Machine, train: TrainConfig) -> Iterator[Setting]:
    """The ZeRO stages that the dials allow, in the order of what ranks have to tell one another."""
    every: tuple[Setting, ...] = SETTINGS
    if hardware.zero != "auto" and hardware.offload != "auto":
        every = (Setting(hardware.zero, hardware.offload),)
    for setting in every:
        if hardware.zero not in ("auto", setting.zero) or hardware.offload not in ("auto", setting.offload):
            continue
        if setting.zero == 0 and train.precision == "fp16":
            continue  # the loss is scaled by DeepSpeed, which has no part in stage 0
        if machine.ranks == 1 and hardware.zero == "auto" and setting.offload == "none" and setting.zero not in (0, 1):
            continue  # one rank has nobody to share with
        yield setting


def _load(start: Start, model: ModelConfig, train: TrainConfig, tokens: int, beside: Beside) -> Load:
    rank = model.lora.rank if model.lora else 0
    width = 4 if train.precision == "fp32" else 2
    training: Training = "lora" if model.lora else "full"
    return Load(start.anatomy, training, tokens, model.gradient_checkpointing, rank, width, beside)  # type: ignore[arg-type]


def _layout(setting: Setting, size: int, machine: Machine, hardware: HardwareConfig, train: TrainConfig, batch: int) -> Layout:
    accumulation = batch // machine.ranks // size
    return Layout(
        machine=machine,
        micro_batch=size,
        accumulation=accumulation,
        zero=setting.zero,
        offload=setting.offload,
        deepspeed=deepspeed_json(setting, size, accumulation, machine, train) if setting.zero else None,
        hostfile=hardware.hostfile,
    )


def bucket_size(link: float | None) -> int:
    """Numbers that ranks tell one another at once: as many as the link carries in ten milliseconds, in 16 bits.

    So that on slow links, too, telling goes on beside the backward pass and does not wait for its end. At most DeepSpeed's own
    5e8, which is also what is taken where the link is not known.
    """
    return int(min(link * BUCKET_SECONDS / 2, LARGEST_BUCKET)) if link else LARGEST_BUCKET


def deepspeed_json(setting: Setting, size: int, accumulation: int, machine: Machine, train: TrainConfig) -> dict[str, Any]:
    """DeepSpeed's configuration. The optimizer is the trainer's own, with and without ZeRO, so that their numbers agree."""
    cpu = {"device": "cpu", "pin_memory": machine.gpus}
    bucket = bucket_size(machine.link)
    zero: dict[str, Any] = {
        "stage": setting.zero,
        "overlap_comm": machine.gpus,
        "contiguous_gradients": True,
        "reduce_bucket_size": bucket,
        "allgather_bucket_size": bucket,
    }
    if setting.zero == 3:
        zero["stage3_prefetch_bucket_size"] = bucket // 10
        zero["stage3_gather_16bit_weights_on_model_save"] = True
        if machine.nodes > 1:
            # ZeRO++ (Wang 2023, 2306.10209): each node keeps a whole set of the weights, so that only gradients cross nodes.
            zero["zero_hpz_partition_size"] = machine.ranks // machine.nodes
    if setting.offload in ("optimizer", "all"):
        zero["offload_optimizer"] = cpu
    if setting.offload == "all":
        zero["offload_param"] = cpu
    return {
        "train_micro_batch_size_per_gpu": size,
        "gradient_accumulation_steps": accumulation,
        "train_batch_size": size * accumulation * machine.ranks,
        "gradient_clipping": train.optimizer.max_grad_norm,
        "bf16": {"enabled": train.precision == "bf16"},
        "fp16": {"enabled": train.precision == "fp16"},
        "zero_optimization": zero,
        "steps_per_print": 10**9,
        "wall_clock_breakdown": False,
    }
