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

VERSION = 3
TRACK = "pretrain.1"
LARGEST_BATCH = 256
"""Sequences: half a million tokens where a sequence has 2,048, as GPT-3's models below 1.3 B had (2005.14165, table 2.1)."""
LEAST_STEPS = 2000
"""Below them the batch is halved: a short training would end before its learning rate is worth anything."""


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
    text = f"{head}# For conf/local/parameters/. mix is read by curate, pretrain by the stage of that name.\n"
    given = {
        "mix": {"tracks": {TRACK: _track(int(near["tokens"]), asked)}},
        "pretrain": {**_stage(stages.get("full"), asked, near["name"]), "stages": None},
    }
    return Piece(pa.table({"page": [text + yaml.safe_dump(given, sort_keys=False, width=110)]}), {"slots": {}})


def _track(tokens: int, asked: Asked) -> dict[str, int]:
    """The track's budget, and a batch that the ranks can share."""
    memory = asked.plan.memory
    share, batch = memory.micro_batch * asked.plan.hardware.count, LARGEST_BATCH
    while batch > 1 and tokens < LEAST_STEPS * batch * memory.sequence_tokens:
        batch //= 2
    whole = -(-batch // share) * share
    return {"budget_tokens": tokens, "sequence_tokens": memory.sequence_tokens, "batch_sequences": whole}


def _as_asked(row: dict[str, Any], asked: Asked) -> bool:
    return bool(row["checkpointing"] == asked.plan.memory.checkpointing)


def _stage(setting: dict[str, Any] | None, asked: Asked, fresh: str) -> dict[str, Any]:
    """The dials of a stage that begins with the shape `fresh`. No `hardware` where no ZeRO stage fits."""
    rate = {"learning_rate": asked.shapes[fresh].learning_rate}
    train = {"precision": asked.gpu.precision, "track": TRACK, "steps": None, "optimizer": rate}
    stage: dict[str, Any] = {
        "model": {"name": fresh, "gradient_checkpointing": asked.plan.memory.checkpointing},
        "train": train,
    }
    if setting is not None:
        micro_batch = asked.plan.memory.micro_batch
        stage["hardware"] = {"micro_batch": micro_batch, "zero": setting["zero"], "offload": setting["offload"]}
    return stage
