"""Fills the record of the run that goes on. Whatever goes wrong here is said, and never fails the run."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polymath.engine import progress
from polymath.tracking.courier import Courier
from polymath.tracking.describe import (
    DEFAULT,
    changed_parameters,
    describe_command,
    describe_inputs,
    describe_machine,
    flat_parameters,
    flatten,
    name_run,
)
from polymath.tracking.record import RunRecord, TrackingConfig, read_records

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol

logger = logging.getLogger(__name__)


class Tracker:
    """One run's record, from its first moment to its last."""

    def __init__(self, project: Path, config: TrackingConfig, record: RunRecord, tell: Callable[[str], None]) -> None:
        """Writes the record, listens to the engine, and sends the courier off; `tell` reaches the person."""
        self.record = record
        self._project = project
        self._tell = tell
        self._seconds: dict[str, float] = {}
        self._parameters: Mapping[str, Any] = {}
        self._courier: Courier | None = None
        progress.listeners.append(self._listen)
        atexit.register(self._abandon)
        with self._harmless("the record of the run cannot be written"):
            close_killed(project)
            record.write(project)
            self._courier = Courier(config, project, record) if config.enabled else None

    @classmethod
    def start(cls, context: KedroContext, run_params: Mapping[str, Any], tell: Callable[[str], None]) -> Tracker:
        """Open the record with what is known before the work."""
        pipelines = run_params.get("pipeline_names") or [DEFAULT]
        parameters, changed = flat_parameters(context), changed_parameters(context)
        given = flatten(run_params.get("runtime_params") or {})
        started, project = time.time(), Path(context.project_path)
        record = RunRecord(
            id=time.strftime("%Y%m%d-%H%M%S", time.localtime(started)) + "-" + uuid.uuid4().hex[:4],
            name=name_run(parameters, changed, pipelines, run_params.get("env"), given),
            started=started,
            pipeline="+".join(pipelines),
            command=describe_command(run_params, pipelines),
            environment=str(run_params.get("env") or "local"),
            parameters=parameters,
            changed=changed,
            tags=describe_machine(project),
        )
        tracker = cls(project, _config(context), record, tell)
        tracker._parameters = context.params
        return tracker

    def finish(self, catalog: CatalogProtocol, made: Collection[str]) -> None:
        """Add what the run made (`made`: names of datasets), leave a snapshot of it, and send it all."""
        from polymath.datasets.finished import finished_folders
        from polymath.reporting.compare.snapshot import take_snapshot
        from polymath.reporting.evaluation.metrics import evaluations
        from polymath.reporting.metrics import run_metrics, run_tags

        self._stop("FINISHED")
        with self._harmless("the numbers of the run cannot be recorded"):
            self.record.metrics = run_metrics(catalog, self._seconds, made) | {"seconds": self._took}
            self.record.inputs = describe_inputs(catalog, self._parameters)
            self.record.tags |= run_tags(catalog, self.record.inputs)
        with self._harmless("what was trained cannot be recorded"):
            self._add_models(catalog, made)
        with self._harmless("what was scored cannot be recorded"):
            self.record.evaluations = evaluations(finished_folders(catalog), self._seconds)
        with self._harmless("the run cannot be compared with others: its snapshot cannot be taken"):
            take_snapshot(catalog, self.record, self._project)
        self._end()

    def _add_models(self, catalog: CatalogProtocol, made: Collection[str]) -> None:
        """A training run is told by what it was trained on: it reads no source."""
        from polymath.tracking.models import curated_by, facts_of_stages, stages_made

        models = {stage: catalog.load(dataset) for stage, dataset in stages_made(made).items()}
        if not models:
            return
        metrics, tags, inputs = facts_of_stages(models)
        chains = [run for trained in models.values() for run in trained.chain]
        self.record.trainings = [os.path.relpath(run.folder, self._project) for run in chains]
        self.record.metrics |= metrics
        self.record.tags |= tags
        self.record.inputs = {n: given for n, given in self.record.inputs.items() if given["context"] == "source"} | inputs
        maker = curated_by(read_records(self._project), chains[-1].job.run.mix.digests)
        self.record.tags |= {"mix_made_by": maker.id} if maker else {}

    def fail(self, error: Exception) -> None:
        """Mark the run as failed, with the error's first line."""
        from polymath.reporting.mishaps import sentence
        from polymath.tracking.secrets import without_secrets

        self._stop("FAILED")
        self.record.error = without_secrets(sentence(error).splitlines()[0])
        self.record.metrics = {"seconds": self._took}
        self._end()

    @property
    def _took(self) -> float:
        return round(max((self.record.ended or time.time()) - self.record.started, 0), 1)  # a clock may be set back

    def _listen(self, event: progress.Progress) -> None:
        if event.finished:
            self._seconds[event.step] = self._seconds.get(event.step, 0.0) + event.seconds

    def _stop(self, status: str) -> None:
        atexit.unregister(self._abandon)
        progress.listeners.remove(self._listen)
        self.record.status, self.record.ended = status, time.time()

    def _end(self) -> None:
        """The project's own record first; then MLflow's."""
        with self._harmless("the record of the run cannot be written"):
            self.record.write(self._project)
        if self._courier is not None:
            problem = self._courier.end()
            if problem:
                logger.warning("%s", problem)
                self._tell(f"{problem}; the record is kept in {self.record.folder(Path())} and sent with a later run")

    def _abandon(self) -> None:
        """Stopped by Ctrl-C: neither finished nor failed."""
        self._stop("KILLED")
        with contextlib.suppress(OSError):
            self.record.write(self._project)
        if self._courier is not None:
            self._courier.stop()

    @contextlib.contextmanager
    def _harmless(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("%s", what)
            self._tell(f"{what} ({type(error).__name__}; the traceback is in logs/polymath.log)")


def close_killed(project: Path) -> None:
    """Runs that are still called running: one run goes on at a time, and this one begins, so they were killed."""
    for record in read_records(project):
        if record.status == "RUNNING":
            record.status = "KILLED"
            record.write(project)


def _config(context: KedroContext) -> TrackingConfig:
    """Without an `mlflow.yml`, the record stays in the project."""
    from kedro.config import MissingConfigException

    try:
        return TrackingConfig(**dict(context.config_loader["mlflow"]))
    except MissingConfigException:
        return TrackingConfig(enabled=False)
