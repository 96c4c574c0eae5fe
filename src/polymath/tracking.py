"""The record of a run: kept in the project first, then sent to MLflow; a store that is away gets it with a later run.

MLflow's default digests sample rows and miss changes, so inputs carry our own: the digest of each source's entry and bytes.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from polymath import __version__
from polymath.config import Config
from polymath.engine import progress
from polymath.reporting.metrics import run_metrics

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol
    from mlflow import MlflowClient

logger = logging.getLogger(__name__)
RUNS = Path("data/07_reports/runs")
LONGEST_VALUE = 6000  # characters of a parameter that MLflow takes
LIBRARIES = ("sources", "benchmarks", "recipes")  # parameters that are whole libraries: an artifact, not columns


class TrackingConfig(Config):
    """`conf/<env>/mlflow.yml`: where runs are recorded."""

    tracking_uri: str = "sqlite:///mlflow.db"
    """A database file (relative to the project) or the address of a server."""
    experiment: str = "polymath"
    enabled: bool = True


@dataclass
class RunRecord:
    """All that is known of a run; a JSON file in the project."""

    id: str
    name: str
    started: float
    pipeline: str
    command: str
    environment: str
    status: str = "RUNNING"
    ended: float | None = None
    error: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    """Parameters that an environment or the command line changed, with the value in `conf/base`."""
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digest and location of each source, and the datasets that the run ended with."""
    artifacts: list[str] = field(default_factory=list)
    mlflow_run: str | None = None
    sent: bool = False

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return RUNS / self.id

    def write(self, project: Path) -> None:
        """Under a temporary name first: a half-written record is never read."""
        folder = project / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / ".record.json.tmp"
        temporary.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), "utf-8")
        temporary.replace(folder / "record.json")


def read_records(project: Path) -> list[RunRecord]:
    """The project's runs, the oldest first."""
    found = [RunRecord(**json.loads(path.read_text("utf-8"))) for path in (project / RUNS).glob("*/record.json")]
    return sorted(found, key=lambda record: record.started)


class Tracker:
    """Fills the record of the run that is going on."""

    def __init__(self, project: Path, config: TrackingConfig, record: RunRecord) -> None:
        """Listens to the engine from here on."""
        self.record = record
        self._project = project
        self._config = config
        self._seconds: dict[str, float] = {}
        progress.listeners.append(self._listen)

    @classmethod
    def start(cls, context: KedroContext, run_params: Mapping[str, Any]) -> Tracker:
        """Open the record with what is known before the work."""
        config = TrackingConfig(**_mlflow_config(context))
        parameters = {key: value for key, value in context.params.items() if not key.startswith("_")}
        names = run_params.get("pipeline_names") or ["__default__"]
        started = time.time()
        record = RunRecord(
            id=time.strftime("%Y%m%d-%H%M%S", time.localtime(started)) + "-" + uuid.uuid4().hex[:4],
            name=_name(parameters, names),
            started=started,
            pipeline="+".join(names),
            command=_command(run_params, names),
            environment=str(run_params.get("env") or "local"),
            parameters=_flat({k: v for k, v in parameters.items() if k not in LIBRARIES}),
            changed=_changed(context),
            tags=_machine(),
        )
        tracker = cls(Path(context.project_path), config, record)
        record.write(tracker._project)
        tracker._try(tracker._open)
        return tracker

    def finish(self, catalog: CatalogProtocol) -> None:
        """Add what the run made, and send it all."""
        self._stop("FINISHED")
        self.record.metrics |= run_metrics(catalog, self._seconds)
        self.record.metrics["seconds"] = round((self.record.ended or 0) - self.record.started, 1)
        self.record.inputs = _inputs(catalog)
        self.record.artifacts = [path for path in ("data/07_reports/card/card.html",) if (self._project / path).exists()]
        self._save_and_send()

    def fail(self, error: Exception) -> None:
        """Mark the run as failed, with the error's first line."""
        from polymath.reporting.mishaps import sentence

        self._stop("FAILED")
        self.record.error = sentence(error).splitlines()[0]
        self._save_and_send()

    def _listen(self, event: progress.Progress) -> None:
        if event.finished:
            self._seconds[event.step] = self._seconds.get(event.step, 0.0) + event.seconds

    def _stop(self, status: str) -> None:
        progress.listeners.remove(self._listen)
        self.record.status, self.record.ended = status, time.time()

    def _save_and_send(self) -> None:
        self.record.write(self._project)
        for record in read_records(self._project):
            if not record.sent and record.status != "RUNNING":
                self._try(lambda record=record: _send(self._client(), self._config, self._project, record))

    def _try(self, action: Any) -> None:
        """MLflow's store may be locked or away: the run goes on, and the record is sent with a later one."""
        if not self._config.enabled:
            return
        try:
            action()
        except Exception as error:
            logger.warning("MLflow at %s cannot be reached (%s); the record is kept and sent later",
                           _without_password(self._config.tracking_uri), str(error).splitlines()[:1])  # fmt: skip

    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        logging.getLogger("mlflow").setLevel(logging.WARNING)
        return MlflowClient(_absolute(self._config.tracking_uri, self._project))

    def _open(self) -> None:
        client = self._client()
        tags = {**self.record.tags, "mlflow.runName": self.record.name}
        run = client.create_run(_experiment(client, self._config, self._project), run_name=self.record.name, tags=tags)
        self.record.mlflow_run = run.info.run_id
        self.record.write(self._project)


def _send(client: MlflowClient, config: TrackingConfig, project: Path, record: RunRecord) -> None:
    """Everything of one record, in as few calls as MLflow takes."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    if record.mlflow_run is None:
        start = int(record.started * 1000)
        record.mlflow_run = client.create_run(_experiment(client, config, project), start, run_name=record.name).info.run_id
    run, ended = record.mlflow_run, int((record.ended or record.started) * 1000)
    facts = {"pipeline": record.pipeline, "command": record.command, "environment": record.environment}
    tags = {**record.tags, **facts, **({"error": record.error} if record.error else {})}
    metrics = [Metric(name, value, ended, 0) for name, value in record.metrics.items()]
    parameters = [Param(name, value[:LONGEST_VALUE]) for name, value in record.parameters.items()]
    for first in range(0, max(len(parameters), 1), 100):
        client.log_batch(run, params=parameters[first : first + 100])
    client.log_batch(run, metrics=metrics, tags=[RunTag(name, value) for name, value in tags.items()])
    inputs = [
        DatasetInput(
            Dataset(name, given["digest"][:36], "local", json.dumps({"uri": given["place"]}), profile=given.get("profile")),
            [InputTag("mlflow.data.context", given["context"])],
        )
        for name, given in record.inputs.items()
    ]
    if inputs:
        client.log_inputs(run, inputs)
    for path in record.artifacts:
        client.log_artifact(run, str(project / path))
    client.log_dict(run, asdict(record), "record.json")
    client.set_terminated(run, record.status, ended)
    record.sent = True
    record.write(project)


def _experiment(client: MlflowClient, config: TrackingConfig, project: Path) -> str:
    found = client.get_experiment_by_name(config.experiment)
    if found:
        return str(found.experiment_id)
    local = config.tracking_uri.startswith("sqlite:")
    return str(client.create_experiment(config.experiment, (project / "mlartifacts").as_uri() if local else None))


def _mlflow_config(context: KedroContext) -> dict[str, Any]:
    from kedro.config import MissingConfigException

    try:
        return dict(context.config_loader["mlflow"])
    except MissingConfigException:
        return {"enabled": False}


def _absolute(uri: str, project: Path) -> str:
    """A database file named relative to the project, wherever the command was given."""
    name = uri.removeprefix("sqlite:///")
    return f"sqlite:///{project / name}" if uri.startswith("sqlite:///") and not name.startswith("/") else uri


def _without_password(uri: str) -> str:
    scheme, _, rest = uri.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else uri


def _name(parameters: Mapping[str, Any], names: list[str]) -> str:
    """What a person calls the run: the name given, else the pipeline and what it was run on."""
    run = parameters.get("run")
    if run is None:
        return "+".join(names)
    return run.name or f"{'+'.join(names)}: {' '.join(run.sources)}"[:80]


def _command(run_params: Mapping[str, Any], names: list[str]) -> str:
    words = ["kedro run", f"--pipelines={','.join(names)}"]
    words += [f"--env={run_params['env']}"] if run_params.get("env") else []
    given = _flat(run_params.get("runtime_params") or run_params.get("extra_params") or {})
    words += ["--params='" + ",".join(f"{key}={value}" for key, value in given.items()) + "'"] if given else []
    return " ".join(words)


def _machine() -> dict[str, str]:
    return {
        "polymath": __version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _flat(value: Any, prefix: str = "") -> dict[str, str]:
    """Nested parameters as `dedup.verify.threshold: 0.8`; typed ones are unfolded, lists become words."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, Mapping):
        parts = [_flat(inner, f"{prefix}.{key}" if prefix else str(key)) for key, inner in value.items()]
        return {key: text for part in parts for key, text in part.items()}
    if isinstance(value, list | tuple):
        return {prefix: " ".join(str(element) for element in value)}
    return {prefix: str(value)}


def _changed(context: KedroContext) -> dict[str, str]:
    """The parameters whose value is not the one in `conf/base`, with the value there."""
    from kedro.config import OmegaConfigLoader

    given = context.config_loader
    assert isinstance(given, OmegaConfigLoader)
    base = OmegaConfigLoader(
        given.conf_source, base_env=given.base_env, default_run_env=given.base_env, merge_strategy=given.merge_strategy
    )
    now, then = (
        _flat({k: v for k, v in loader["parameters"].items() if k not in LIBRARIES and not k.startswith("_")})
        for loader in (given, base)
    )
    return {name: then.get(name, "not set") for name in sorted({*now, *then}) if now.get(name) != then.get(name)}


def _inputs(catalog: CatalogProtocol) -> dict[str, dict[str, str]]:
    """The sources with the digests of what was read, and what the run ended with."""
    records = catalog.load("records")
    found = {
        name: {"digest": digest, "place": f"{records.path}", "context": "source"}
        for name, digest in records.manifest.inputs.items()
    }
    for name in ("records", "tokens", "schedule"):
        folder = catalog.load(name)
        profile = json.dumps({"rows": folder.rows})
        found[name] = {"digest": folder.digest, "place": str(folder.path), "context": "made", "profile": profile}
    return found
