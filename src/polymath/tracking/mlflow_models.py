"""MLflow: trainings and evaluations as runs within a run, with the models that they leave and score."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelInput, LoggedModelOutput, Metric, Param

from polymath.tracking.describe import flatten
from polymath.tracking.models import Identity, curves, training_facts
from polymath.training.start import RESULT
from polymath.training.trained import Trained

LONGEST_VALUE = 6000  # characters of a parameter that MLflow takes
LONGEST_DIGEST = 36
METRICS_AT_ONCE = 1000
DIALS = {"model", "train", "objective", "layout", "steps", "learning_rate"}
"""Of a run, that become parameters of its record."""


@dataclass(frozen=True)
class ModelLog:
    """What is said of models within one run. Said twice, it stands there once."""

    client: MlflowClient
    experiment: str
    parent: str
    """Id of the run."""
    person: Mapping[str, str]
    """Tags of who ran it."""

    def log_training(self, trained: Trained, folder: str) -> None:
        """What was trained, on what, with its curves; and the model that it left. `folder`: relative to the project."""
        key, job = trained.folder.name, trained.job
        stage, name, step = job.run.stage, job.run.name, trained.result["step"]
        log = curves(trained.log())
        started, ended = (log[0][2], log[-1][2]) if log else (0, 0)
        run = self._begin(f"{stage} {name}", {"trained": key, "stage": stage}, started)
        if run is None:
            return
        dials = flatten(job.run.model_dump(mode="json", include=DIALS))
        self.client.log_batch(run, params=[Param(key, value[:LONGEST_VALUE]) for key, value in dials.items()])
        about = {"stage": stage, "folder": folder}
        model = self._model(Identity(name, key, step), run, about, str(trained.result["parameters"]))
        metrics = [Metric(*each, model_id=model) for each in log]
        for first in range(0, len(metrics), METRICS_AT_ONCE):
            self.client.log_batch(run, metrics=metrics[first : first + METRICS_AT_ONCE])
        self.client.log_inputs(run, [dataset_input(name, given) for name, given in training_facts(trained)[2].items()])
        for path in (trained.folder / RESULT, trained.model / "README.md"):
            self.client.log_artifact(run, str(path))
        self.client.log_outputs(run, [LoggedModelOutput(model, step)])
        self.client.set_terminated(run, "FINISHED", ended)

    def log_evaluation(self, name: str, scores: Mapping[str, float], started: int, ended: int) -> None:
        """What a model scored, linked to the model. `name`: as the tables of scores call it."""
        run = self._begin(f"evaluate {name}", {"evaluated": name}, started)
        if run is None:
            return
        found = Identity.of(name)
        model = self._find(found) or self._model(found, run, {}, "")
        self.client.log_inputs(run, models=[LoggedModelInput(model)])
        metrics = [Metric(metric, value, ended, found.step, model_id=model) for metric, value in scores.items()]
        self.client.log_batch(run, metrics=metrics)
        self.client.set_terminated(run, "FINISHED", ended)

    def _begin(self, name: str, tags: Mapping[str, str], started: int) -> str | None:
        """A new run within the run; None where it stands there whole."""
        of_ours = {"mlflow.parentRunId": self.parent, **tags}
        for begun in list(tagged(self.client.search_runs, self.experiment, of_ours)):
            if begun.info.status == "FINISHED":
                return None
            self.client.delete_run(begun.info.run_id)  # by a courier that was killed over it
        given = {**of_ours, **self.person}
        run_id: str = self.client.create_run(self.experiment, started, given, run_name=name).info.run_id
        return run_id

    def _find(self, wanted: Identity) -> str | None:
        """The logged model, by the run that trained it and the step, or by its place."""
        found = next(tagged(self.client.search_logged_models, self.experiment, wanted.tags), None)
        return str(found.model_id) if found else None

    def _model(self, identity: Identity, run: str, tags: Mapping[str, str], parameters: str) -> str:
        """A logged model: where it lies and what it is, not its weights."""
        model = self.client.create_logged_model(
            self.experiment,
            name=re.sub(r"[^\w-]+", "-", identity.name),
            source_run_id=run,
            tags={**identity.tags, **tags},
            params={"parameters": parameters} if parameters else None,
        )
        self.client.finalize_logged_model(model.model_id, "READY")
        return str(model.model_id)


def tagged(search: Callable[..., Any], experiment: str, tags: Mapping[str, str]) -> Iterator[Any]:
    """The runs, or the logged models, of the experiment with these tags. `search`: the client's, of either."""
    # A filter has no way to write an apostrophe, and of logged models none to write a string in other quotes.
    where = " and ".join(f"tags.`{tag}` = '{value}'" for tag, value in tags.items() if "'" not in value)
    page = search([experiment], where)
    while True:
        for found in page:
            carried = found.data.tags if hasattr(found, "data") else found.tags
            if tags.items() <= carried.items():
                yield found
        if not page.token:
            return
        page = search([experiment], where, page_token=page.token)


def dataset_input(name: str, given: Mapping[str, str]) -> DatasetInput:
    """A dataset with our own digest: MLflow's samples rows and misses changes."""
    kind, place = given.get("kind", "local"), given["place"]
    place = place if kind == "hugging_face" else json.dumps({"uri": place})
    profile = json.dumps({"num_rows": int(given.get("rows", 0))})
    dataset = Dataset(name, given["digest"][:LONGEST_DIGEST], kind, place, profile=profile)
    return DatasetInput(dataset, [InputTag("mlflow.data.context", given["context"])])
