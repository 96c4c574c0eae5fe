"""Fragment: the plan as parameters, a file to lie in `conf/local/parameters/`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import yaml

from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.pipelines.plan.config import Asked, PlanConfig
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.reporting.plan.words import told_budget
from polymath.store.folder import ShardFolder

VERSION = 1
TRACK = "pretrain.1"


def write_fragment(
    training_plan: ShardFolder,
    memory_needs: ShardFolder,
    plan: PlanConfig,
    hardware: GPUs,
    models: Shapes,
    engine: EngineConfig,
) -> Plan:
    """The nearest shape, its learning rate, the tokens to draw and the ZeRO stage that fits, as YAML."""
    asked = Asked.of(plan, hardware, models)
    item = Item("fragment", (training_plan, memory_needs), 1)
    inputs = {"training_plan": training_plan.digest, "memory_needs": memory_needs.digest}
    return Plan("tell", list_parameters, (item,), asked, VERSION, engine=engine, inputs=inputs)


def list_parameters(training_plan: ShardFolder, memory_needs: ShardFolder, asked: Asked) -> Piece:
    """A table of one row (`page`): the text of the file."""
    near = next((row for row in training_plan.read().to_pylist() if row["nearest"]), None)
    head = f"# kedro run --pipeline=plan: {told_budget(asked)}, by the fit {asked.plan.fit}.\n"
    if near is None:
        return Piece(pa.table({"page": [f"{head}# No shape: parameters/models is empty.\n{{}}\n"]}), {"slots": {}})
    stages = {row["training"]: row for row in memory_needs.read().to_pylist() if row["least"] and _as_asked(row, asked)}
    text = f"{head}# For conf/local/parameters/. mix is read by curate; pretrain and finetune by the stages of that name.\n"
    given = {
        "mix": {
            "tracks": {TRACK: {"budget_tokens": int(near["tokens"]), "sequence_tokens": asked.plan.memory.sequence_tokens}}
        },
        "pretrain": _stage(stages.get("full"), asked, near["name"]),
        "finetune": _stage(stages.get("full"), asked),
    }
    return Piece(pa.table({"page": [text + yaml.safe_dump(given, sort_keys=False, width=110)]}), {"slots": {}})


def _as_asked(row: dict[str, Any], asked: Asked) -> bool:
    return bool(row["checkpointing"] == asked.plan.memory.checkpointing)


def _stage(setting: dict[str, Any] | None, asked: Asked, fresh: str | None = None) -> dict[str, Any]:
    """The dials of one stage; `fresh`: the shape that it begins with, if it begins. No `hardware` where no ZeRO stage fits."""
    model: dict[str, Any] = {"gradient_checkpointing": asked.plan.memory.checkpointing}
    train: dict[str, Any] = {"precision": asked.gpu.precision}
    if fresh is not None:
        model = {"name": fresh, **model}
        train["optimizer"] = {"learning_rate": asked.shapes[fresh].learning_rate}
    stage = {"model": model, "train": train}
    if setting is not None:
        micro_batch = asked.plan.memory.micro_batch
        stage["hardware"] = {"micro_batch": micro_batch, "zero": setting["zero"], "offload": setting["offload"]}
    return stage
