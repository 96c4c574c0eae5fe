"""MLflow: a record as a run that can be told from others in the list and on the comparison page.

Imported by the courier alone: `mlflow` takes seconds to import.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Experiment, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException

from polymath.tracking.delivery import Delivery
from polymath.tracking.mlflow_models import LONGEST_VALUE, ModelLog, dataset_input
from polymath.tracking.new_database import make_database
from polymath.tracking.record import RunRecord, TrackingConfig
from polymath.training.trained import Trained

PARAMETERS_AT_ONCE = 100
GLANCE = ("records_kept", "kept_share", "duplicate_share", "benchmark_leaks", "training_tokens", "mb_per_second")
"""The six numbers by which one run of curate is told from another."""
TRAINING_GLANCE = ("validation_loss", "perplexity", "trained_tokens", "tokens_per_second")
"""Those of a training run, beside the names of its model and its mix."""
VIEW, TRAINING_VIEW = "polymath", "training"
RUN_NAME = "attributes.`Run Name`"
ARTIFACTS = ("card.html", "books.csv", "record.json")
GLANCE_PAGE = "#/experiments/{id}/runs?viewStateShareKey={view}&workflowType=machine_learning"
TRAINING_PAGE = GLANCE_PAGE.replace("{view}", "{training}")
ABOUT = (
    f"**[At a glance]({GLANCE_PAGE})**: every curate run with the six numbers that matter. "
    f"**[Trained models]({TRAINING_PAGE})**: what each has learnt, of which mix.\n\n"
    "Tick two runs and press *Compare*, then *Show diff only*, to see in what they differ; "
    "`kedro compare RUN_A RUN_B` says which records changed their fate, and why.\n"
)
"""Its first line is all that MLflow shows before it is unfolded; without the link, people land on a page about LLM traces."""


class MlflowStore:
    """A database or a server, with our experiment in it."""

    def __init__(self, config: TrackingConfig, project: Path) -> None:
        """Connects, and makes the experiment where it is not there yet."""
        self._project = project
        uri = absolute(config.tracking_uri, project)
        make_database(uri)
        self._client = MlflowClient(uri)
        found = self._client.get_experiment_by_name(config.experiment)
        if found is None:
            local = config.tracking_uri.startswith("sqlite:")
            place = (project / "mlartifacts").as_uri() if local else None
            self._experiment = self._client.create_experiment(config.experiment, place)
            found = self._client.get_experiment(self._experiment)
        self._experiment = found.experiment_id
        self._dress(found)

    def _dress(self, experiment: Experiment) -> None:
        """A description, and a saved view with the columns that matter; what a person changed stays."""
        about = ABOUT.format(id=experiment.experiment_id, view=VIEW, training=TRAINING_VIEW)
        wanted = {"mlflow.note.content": about, "mlflow.experimentKind": "custom_model_development"}
        views = {VIEW: _columns(GLANCE, "mix"), TRAINING_VIEW: _columns(TRAINING_GLANCE, "model", "mix")}
        for name, columns in views.items():
            wanted[f"mlflow.sharedViewState.{name}"] = _view(columns, experiment.creation_time or 0)
        for name, value in wanted.items():
            if name not in experiment.tags:
                self._client.set_experiment_tag(experiment.experiment_id, name, value)

    def open(self, record: RunRecord) -> Run:
        """The run as MLflow shows it while it goes on; the one that is there already, or a new one."""
        delivery = Delivery.of(record, self._project)
        if delivery.mlflow_run:
            try:
                return self._client.get_run(delivery.mlflow_run)
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
        tags = {"mlflow.source.name": record.command, "mlflow.source.type": "LOCAL", "pipeline": record.pipeline}
        start = int(record.started * 1000)
        run = self._client.create_run(self._experiment, start, {**tags, **_person(record)}, run_name=record.name)
        Delivery(run.info.run_id).write(record, self._project)
        return run

    def send(self, record: RunRecord) -> None:
        """Everything of one record, in as few calls as MLflow takes. Sent twice, it stands there once."""
        run = self.open(record)
        if run.info.lifecycle_stage == "active":  # else a person has deleted it
            self._log(run.info.run_id, record)
        Delivery(run.info.run_id, sent=True).write(record, self._project)

    def _log(self, run: str, record: RunRecord) -> None:
        ended = int((record.ended or record.started) * 1000)
        parameters = [Param(name, value[:LONGEST_VALUE]) for name, value in record.parameters.items()]
        for first in range(0, len(parameters), PARAMETERS_AT_ONCE):
            self._client.log_batch(run, params=parameters[first : first + PARAMETERS_AT_ONCE])
        metrics = [Metric(name, value, ended, 0) for name, value in record.metrics.items()]
        self._client.log_batch(run, metrics=metrics, tags=[RunTag(name, value) for name, value in _tags(record).items()])
        if record.inputs:
            self._client.log_inputs(run, [dataset_input(name, given) for name, given in record.inputs.items()])
        for name in ARTIFACTS:
            path = record.folder(self._project) / name
            if path.exists():
                self._client.log_artifact(run, str(path))
        models = ModelLog(self._client, self._experiment, run, _person(record))
        for folder in record.trainings:
            models.log_training(Trained(self._project / folder), folder)
        for name, scores in record.evaluations.items():
            models.log_evaluation(name, scores, int(record.started * 1000), ended)
        self._client.set_terminated(run, record.status, ended)


def absolute(uri: str, project: Path) -> str:
    """A database file named relative to the project, wherever the command was given."""
    name = uri.removeprefix("sqlite:///")
    return f"sqlite:///{project / name}" if uri.startswith("sqlite:///") and not name.startswith("/") else uri


def _person(record: RunRecord) -> dict[str, str]:
    """Who ran it, and at which commit, where MLflow looks for them."""
    known = {"user": "mlflow.user", "commit": "mlflow.source.git.commit"}
    return {tag: record.tags[name] for name, tag in known.items() if name in record.tags}


def _tags(record: RunRecord) -> dict[str, str]:
    """The facts beside numbers and dials, and a description in words."""
    facts = {"environment": record.environment, "mlflow.note.content": describe(record), **record.tags}
    return {**facts, **({"error": record.error} if record.error else {})}


def describe(record: RunRecord) -> str:
    """What came of the run, in a few lines of Markdown: MLflow shows them at the head of its page."""
    lines = []
    if "records_kept" in record.metrics:
        kept, made = record.metrics["records_kept"], record.metrics.get("records/made", 0)
        tokens = record.metrics.get("training_tokens", 0)
        lines.append(f"**{kept:,.0f} of {made:,.0f} records kept**, {tokens:,.0f} training tokens.")
        removed = [
            (-count, name.removeprefix("removed/")) for name, count in record.metrics.items() if name.startswith("removed/")
        ]
        shown = ", ".join(f"{-count:,.0f} {name.replace('_', ' ')}" for count, name in sorted(removed)[:5])
        lines += [f"Removed: {shown}{' and others' if len(removed) > 5 else ''}."] if removed else []
    if "validation_loss" in record.metrics:
        loss, steps = record.metrics["validation_loss"], record.metrics["trained_steps"]
        model, track = record.tags.get("model", ""), record.tags.get("track", "")
        lines.append(f"**{model}** after {steps:,.0f} steps on the track {track}: validation loss **{loss:.3f}**.")
    if record.error:
        lines.append(f"Failed: {record.error}")
    turned = [f"`{name}` = {record.parameters.get(name, 'not set')} (base: {base})" for name, base in record.changed.items()]
    lines += ["Turned dials: " + ", ".join(turned)] if turned else []
    return "\n\n".join([*lines, f"`{record.command}`"])


def _columns(metrics: Sequence[str], *tags: str) -> list[str]:
    return [*(f"metrics.`{name}`" for name in metrics), *(f"tags.`{name}`" for name in tags)]


def _view(columns: list[str], created: int) -> str:
    """A saved view of MLflow's list of runs: the columns that matter, in their order, wide enough to be read."""
    widths = {RUN_NAME: 260, **dict.fromkeys(columns, 118)}
    # MLflow takes the widths of those columns alone that the order names.
    state = {"selectedColumns": columns, "columnOrder": [RUN_NAME, *columns], "columnWidths": widths}
    return json.dumps({"name": "at a glance", "createdAt": created, "updatedAt": created, "state": json.dumps(state)})
