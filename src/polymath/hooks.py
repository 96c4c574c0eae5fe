"""Kedro's hooks, kept thin: one run at a time, the console, and the record that MLflow keeps."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from polymath.engine import local, progress
from polymath.training.trained import STAGES

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from polymath.reporting.console import RunConsole
    from polymath.store.lock import ProjectLock
    from polymath.tracking import Tracker


def step_of(node: Node) -> str:
    """The box that a node stands in: the last word of its namespace."""
    return str(node.namespace or node.name).rpartition(".")[2]


class RunHooks:
    """One run at a time in a project, and no process left behind it."""

    def __init__(self) -> None:
        self._lock: ProjectLock | None = None
        self._project = Path.cwd()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Third parties' warnings go to the log, not to the person."""
        logging.captureWarnings(True)
        self._project = Path(context.project_path)
        # Kedro reads all of the configuration again whenever someone asks for the parameters; a value that is set is kept.
        context.config_loader["parameters"] = context.config_loader["parameters"]

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Find what would end the run later, and refuse to run beside another run."""
        from polymath.pipelines.curate.ahead import look_ahead as look_at_curate
        from polymath.pipelines.evaluate.ahead import look_ahead as look_at_evaluate
        from polymath.pipelines.training_ahead import look_ahead as look_at_training
        from polymath.store.lock import ProjectLock

        look_at_curate(pipeline, catalog)
        look_at_evaluate(pipeline, catalog)
        look_at_training(pipeline, catalog)

        self._lock = ProjectLock(self._project / "data" / ".lock")
        self._lock.acquire()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Let the next run begin."""
        self._end()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Let the next run begin."""
        self._end()

    def _end(self) -> None:
        local.close()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class ConsoleHooks:
    """Shows the steps as they go, and what came of the run at its end."""

    def __init__(self) -> None:
        self._console: RunConsole | None = None
        self._catalog: CatalogProtocol | None = None
        self._left: Counter[str] = Counter()
        self._rows: int | None = None
        self._passed: dict[str, tuple[int | None, int]] = {}

    @hook_impl
    def after_catalog_created(self, catalog: CatalogProtocol) -> None:
        """Keep the catalog, to count what a step let through."""
        self._catalog = catalog

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline) -> None:
        """Begin a line for each step."""
        from rich.console import Console

        from polymath.reporting.console import RunConsole

        self._rows, self._passed = None, {}
        self._left = Counter(step_of(node) for node in pipeline.nodes)
        self._console = RunConsole(Console(), dict(self._left))
        progress.listeners.append(self._console.on_progress)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """With its last dataset a step is done. (`after_node_run` comes before the save, which does the work.)"""
        from polymath.reporting.summary import rows_left

        if self._console is None or self._catalog is None:
            return
        step = step_of(node)
        rows = rows_left(self._catalog, dataset_name)
        if rows is not None:
            self._passed[step] = (self._rows, rows)
            self._rows = rows
        self._left[step] -= 1
        if not self._left[step]:
            self._console.end_step(step, *self._passed.get(step, (None, None)))

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Say in a few lines what was made, what was removed, what needs a look, and what comes next."""
        from polymath.reporting.summary import print_summary

        self._end()
        if "books" in pipeline.all_outputs():
            print_summary(catalog)
        if "plan_page" in pipeline.all_outputs():
            from polymath.reporting.plan.console import print_plan

            print_plan(catalog)
        trained = [stage for stage in STAGES if f"{stage}_page" in pipeline.all_outputs()]
        for stage in trained:
            from polymath.reporting.training.console import print_training

            print_training(catalog, stage, last=stage == trained[-1])
        if "evaluation_page" in pipeline.all_outputs():
            from polymath.reporting.evaluation.console import print_evaluation

            print_evaluation(catalog)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Take the bar away, so that the error stands alone."""
        self._end()

    def _end(self) -> None:
        if self._console is not None:
            self._console.close()
            progress.listeners.remove(self._console.on_progress)
            self._console = None


class TrackingHooks:
    """The run's record: in the project, and in MLflow, which a process beside the run talks to."""

    def __init__(self) -> None:
        self._tracker: Tracker | None = None
        self._context: KedroContext | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context, where the configuration is."""
        self._context = context

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], catalog: CatalogProtocol) -> None:
        """Open the record, and put it into the catalog, where the data card finds it."""
        import click

        from polymath.tracking import Tracker

        assert self._context is not None
        self._tracker = Tracker.start(self._context, run_params, tell=lambda told: click.secho(told, fg="yellow", err=True))
        if "run_record" in catalog:
            catalog.save("run_record", self._tracker.record)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline, catalog: CatalogProtocol) -> None:
        """Add what was made, leave a snapshot, and send it all."""
        if self._tracker:
            self._tracker.finish(catalog, pipeline.all_outputs())

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Mark the record as failed."""
        if self._tracker:
            self._tracker.fail(error)


class VizHooks:
    """Rows, columns and size of every dataset, where Kedro-Viz looks for them."""

    def __init__(self) -> None:
        self._project = Path.cwd()

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep where the project is."""
        self._project = Path(context.project_path)

    @hook_impl
    def after_pipeline_run(self, catalog: CatalogProtocol) -> None:
        """In place of Kedro-Viz's own hook, which knows tables in memory alone."""
        from polymath.datasets.statistics import write_statistics

        write_statistics(catalog, self._project / ".viz" / "stats.json")
