"""A look ahead: what an evaluation would trip over, a model or a benchmark that is not here, before any work."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from polymath.errors import UserError
from polymath.evaluation.exams import Chosen, exams_of
from polymath.pipelines.evaluate.config import NO_MIX, EvaluateConfig


def look_ahead(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Raise a UserError for a suite, a benchmark or a model that cannot be had, but for what this run makes itself."""
    if not any(node.func.__name__ == "score_items" for node in pipeline.nodes):
        return

    def load(name: str) -> Any:
        return catalog.load(f"params:{name}")

    made = pipeline.all_outputs()
    evaluate: EvaluateConfig = load("evaluate")
    if importlib.util.find_spec("lm_eval") is None or importlib.util.find_spec("torch") is None:
        raise UserError("evaluate needs PyTorch and lm-eval, which are not installed; run: pip install 'polymath[train]'")
    chosen = Chosen.of(evaluate, load("suites"), load("harness"))
    exams_of(chosen, evaluate, load("harness"), load("benchmarks"), Path(load("run.files_root")))
    asked = next(node.inputs[0] for node in pipeline.nodes if node.func.__name__ == "score_items")
    if asked not in made or evaluate.model is not None:
        evaluate.models(catalog.load(asked) if catalog.exists(asked) else None)
    if chosen.held_out and "tokens" not in made and not catalog.exists("mixed_tokens"):
        raise UserError(NO_MIX)
