"""A look ahead: benchmarks that are to be scored between epochs and cannot be had, before any work."""

import importlib.util
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from polymath.errors import UserError
from polymath.evaluation.between import Examiner
from polymath.pipelines.finetune.config import FinetuneConfig


def look_ahead(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Raise a UserError for a suite or a benchmark that cannot be had."""
    if not any(node.func.__name__ == "finetune_model" for node in pipeline.nodes):
        return

    def load(name: str) -> Any:
        return catalog.load(f"params:{name}")

    finetune: FinetuneConfig = load("finetune")
    if not finetune.benchmarks.suite:
        return
    if importlib.util.find_spec("lm_eval") is None:
        raise UserError("finetune.benchmarks.suite: lm-eval is not installed; run: pip install 'polymath[train]'")
    Examiner.of(finetune.benchmarks, load("suites"), load("harness"), load("benchmarks"), Path(load("run.files_root")))
