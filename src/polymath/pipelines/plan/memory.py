"""Memory: what each GPU must hold to train the nearest shape, whole or by adapters, under every ZeRO stage."""

from __future__ import annotations

import pyarrow as pa

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.plan.config import Asked, PlanConfig
from polymath.planning.budget import GPUs
from polymath.planning.memory import SETTINGS, Load, Setting, least, need
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 1

MEMORY = pa.schema(
    [
        ("shape", pa.string()),
        ("training", pa.string()),  # full, lora
        ("checkpointing", pa.bool_()),  # whether activations are computed again
        ("zero", pa.int8()),
        ("offload", pa.string()),  # none, optimizer (and gradients), all (and parameters)
        ("parameters", pa.float64()),  # bytes on each GPU, here and below
        ("gradients", pa.float64()),
        ("optimizer", pa.float64()),
        ("gathered", pa.float64()),  # modules that stage 3 holds whole for their turn
        ("activations", pa.float64()),
        ("total", pa.float64()),
        ("offloaded", pa.float64()),  # bytes in the CPU's memory, for each GPU
        ("fits", pa.bool_()),  # within the GPU's memory less the reserve
        ("least", pa.bool_()),  # the first that fits, from ZeRO 0 upwards, then with offload
    ]
)


def estimate_memory(training_plan: ShardFolder, plan: PlanConfig, hardware: GPUs, models: Shapes, engine: EngineConfig) -> Plan:
    """What a GPU needs for the nearest shape: full and LoRA training, with and without checkpointing, ZeRO 0 to 3."""
    asked = Asked.of(plan, hardware, models)
    items = tuple(Item(shard.name, (shard,), shard.rows) for shard in training_plan.shards)
    inputs = {"training_plan": training_plan.digest}
    return Plan("memory", list_needs, items, asked, VERSION, engine=engine, inputs=inputs)


def list_needs(choices: Shard, asked: Asked) -> pa.Table:
    """A row for each way to train the nearest shape (schema MEMORY); none where the library has no shape."""
    names = [row["name"] for row in choices.read(["name", "nearest"]).to_pylist() if row["nearest"]]
    loads = [
        (name, asked.load(asked.shapes[name], training, checkpointing))
        for name in names
        for training in ("full", "lora")
        for checkpointing in (True, False)
    ]
    return pa.Table.from_pylist([row for name, load in loads for row in _rows(name, load, asked)], MEMORY)


def _rows(name: str, load: Load, asked: Asked) -> list[dict[str, object]]:
    gpus = asked.plan.hardware.count
    first = least(load, gpus, asked.room)
    return [_row(name, load, setting, gpus, asked.room, first) for setting in SETTINGS]


def _row(name: str, load: Load, setting: Setting, gpus: int, room: float, first: Setting | None) -> dict[str, object]:
    needed = need(load, setting, gpus)
    return {
        "shape": name,
        "training": load.training,
        "checkpointing": load.checkpointing,
        **setting._asdict(),
        **vars(needed),
        "total": needed.total,
        "fits": needed.total <= room,
        "least": setting == first,
    }
