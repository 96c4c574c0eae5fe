"""A look ahead: what would end a stage of training after hours of other stages, before any work."""

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from polymath.errors import UserError, unknown
from polymath.evaluation.between import Examiner
from polymath.pipelines.align.config import AlignConfig
from polymath.pipelines.align.prepare import plan_alignment
from polymath.pipelines.finetune.config import FinetuneConfig
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.pipelines.pretrain.prepare import sought
from polymath.pipelines.reward.config import RewardConfig
from polymath.pipelines.training_runs import check_installed
from polymath.planning.shapes import Shapes
from polymath.training.config import StageConfig, naming
from polymath.training.rewards import check_named
from polymath.training.trained import STAGES

Load = Callable[[str], Any]
"""Typed parameters by name."""


def look_ahead(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Raise a UserError for a track, a model, a benchmark or a reward that there is not; each stage is looked at by itself."""

    def load(name: str) -> Any:
        return catalog.load(f"params:{name}")

    plans = {stage: node for stage in STAGES for node in pipeline.nodes if node.outputs == [f"{stage}_run"]}
    tracks = tracks_of(pipeline, catalog) if plans else None
    for stage in plans:
        check_installed(stage)
        for place, track in tracks_asked(stage, load(stage)):
            if tracks is not None and track not in tracks:
                raise unknown(f"{stage}.{place}", track, "track of this mix", tracks)
        check_benchmarks(load(stage), load)
    if "align" in plans:
        check_align(load("align"), load("models"), alone=plans["align"].func is plan_alignment)
    if "reward" in plans:
        check_scores({stage: node.inputs[0] for stage, node in plans.items()}, load)


def tracks_of(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str] | None:
    """Those that this run will make, or that a schedule has; None where there is no schedule."""
    if "schedule" in pipeline.all_outputs():
        return list(catalog.load("params:mix").wanted)
    return [shard.name for shard in catalog.load("schedule").shards] if catalog.exists("schedule") else None


def tracks_asked(stage: str, dials: StageConfig) -> Iterator[tuple[str, str]]:
    """The tracks that a stage reads, each with the dial that names it."""
    if isinstance(dials, PretrainConfig):
        yield from ((run.dials.get("train.track", "train.track"), run.config.train.track) for run in sought(dials))
        return
    yield "train.track", dials.train.track
    if isinstance(dials, RewardConfig) and dials.pretraining:
        yield "pretraining.track", dials.pretraining.track
    if isinstance(dials, AlignConfig):
        yield "samples.track", dials.asked


def check_benchmarks(dials: StageConfig, load: Load) -> None:
    """What is to be scored between epochs can be had."""
    if not isinstance(dials, FinetuneConfig | PretrainConfig) or not dials.benchmarks.suite:
        return
    if importlib.util.find_spec("lm_eval") is None:
        raise UserError(f"{dials.benchmarks.PLACE}.suite: lm-eval is not installed; run: pip install 'polymath[train]'")
    Examiner.of(dials.benchmarks, load("suites"), load("harness"), load("benchmarks"), Path(load("run.files_root")))


def check_align(align: AlignConfig, shapes: Shapes, alone: bool) -> None:
    """Rewards are there, and their form is one; `alone`: so is a model that has learnt to answer."""
    with naming("align"):
        check_named(align.rewards)
        if alone and align.model.name in shapes.root:
            raise UserError(f"model.name: {align.model.name!r} is a fresh model; name one that has learnt to answer")


def check_scores(bases: dict[str, str], load: Load) -> None:
    """A shape that the run begins with, stages before reward, can be given a score. `bases`: what each stage starts from."""
    stage = "reward"
    before = {dataset: name for name, dataset in STAGES.items() if name in bases}
    while bases[stage] in before:
        stage = before[bases[stage]]
    name, shapes = load(stage).model.name, load("models").root
    if stage == "reward" or name not in shapes:
        return
    from polymath.training.build import check_scorable
    from polymath.training.config import Start

    with naming(stage):
        check_scorable(Start(kind="fresh", name=name, architecture=shapes[name].architecture, anatomy=shapes[name].anatomy))
