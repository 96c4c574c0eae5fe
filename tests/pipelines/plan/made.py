"""The libraries of `conf/base` and questions made of them, for tests of single steps."""

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from polymath.engine.save import save_plan
from polymath.pipelines.curate.counts import COUNT
from polymath.pipelines.plan.config import Asked, PlanConfig
from polymath.pipelines.plan.memory import estimate_memory
from polymath.pipelines.plan.size import draw_curves, size_models
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from tests.conftest import ROOT
from tests.pipelines.curate.made import ENGINE, folder_of

BASE = ROOT / "conf" / "base" / "parameters"


@cache
def shapes() -> Shapes:
    """`params:models`."""
    files = sorted((BASE / "models").glob("*.yml"))
    return Shapes.model_validate({k: v for file in files for k, v in yaml.safe_load(file.read_text())["models"].items()})


@cache
def gpus() -> GPUs:
    """`params:hardware`."""
    return GPUs.model_validate(yaml.safe_load((BASE / "hardware.yml").read_text())["hardware"])


def asked(unique_tokens: int | None = None, **plan: Any) -> Asked:
    """A question: the dials that are given, else their defaults."""
    return Asked.of(PlanConfig.model_validate(plan), gpus(), shapes(), unique_tokens)


def counts_of(path: Path, **tokens: int) -> ShardFolder:
    """Token counts of curate, by split."""
    rows = [{"source": "s", "task": "text", "split": split, "tokens": count} for split, count in tokens.items()]
    return folder_of(path, {"s": pa.Table.from_pylist(rows, COUNT)})


def made(path: Path, counts: ShardFolder | None = None, models: Shapes | None = None, **plan: Any) -> dict[str, ShardFolder]:
    """What plan reckons, by dataset."""
    given = (PlanConfig.model_validate(plan), gpus(), shapes() if models is None else models)
    choices = save_plan(size_models(*given, counts, ENGINE), path / "training_plan")
    curves = save_plan(draw_curves(*given, ENGINE), path / "iso_flop_curves")
    needs = save_plan(estimate_memory(choices, *given, ENGINE), path / "memory_needs")
    return {"training_plan": choices, "iso_flop_curves": curves, "memory_needs": needs}
