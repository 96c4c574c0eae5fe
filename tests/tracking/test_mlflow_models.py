"""Models in MLflow: the run that trained one, and every run that scored it, lead to the same logged model."""

import json

import pytest
from mlflow import MlflowClient

from polymath.tracking.mlflow_models import ModelLog
from polymath.tracking.models import Identity
from polymath.tracking.new_database import make_database
from polymath.training.trained import Trained
from tests.training.mixes import job, make_mix

LINES = [
    {"step": 0, "time": 1.0, "validation": {"all": 3.0}, "seconds": 1.0},
    {"step": 6, "time": 2.0, "loss": 2.5, "learning_rate": 0.1, "tokens": 50, "seconds": 2.0},
    {"step": 6, "time": 3.0, "scores": {"hellaswag": {"metric": "acc", "score": 0.25, "low": 0.1, "high": 0.4, "items": 50}}},
]

APOSTROPHES = ("/home/o'brien/a model", "/home/o'brien/another")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What a run of six steps leaves, as far as MLflow hears of it."""
    ready = job(make_mix(tmp_path_factory.mktemp("mix")), tmp_path_factory.mktemp("runs"))
    (ready.folder / "model").mkdir(parents=True)
    (ready.folder / "model" / "README.md").write_text("a model")
    (ready.folder / "run.json").write_text(ready.model_dump_json())
    result = {"key": ready.run.key, "step": 6, "tokens": 50, "seconds": 2.0, "parameters": 10, "validation": {"all": 2.0}}
    (ready.folder / "result.json").write_text(json.dumps(result))
    (ready.folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return Trained(ready.folder)


@pytest.fixture(scope="module")
def said(trained, tmp_path_factory):
    """All of it said twice, as after a courier that was killed at its end."""
    folder = tmp_path_factory.mktemp("mlflow")
    make_database(f"sqlite:///{folder}/mlflow.db")
    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.create_experiment("polymath", (folder / "artifacts").as_uri())
    parent = client.create_run(experiment).info.run_id
    for _ in range(2):
        log = ModelLog(client, experiment, parent, {})
        log.log_training(trained, "data/05_models/finetune/x")
        log.log_evaluation(trained.name, {"benchmark/hellaswag": 0.3}, 4000, 5000)
        log.log_evaluation(f"{trained.name} checkpoint-3", {"benchmark/hellaswag": 0.2}, 4000, 5000)
        log.log_evaluation("EleutherAI/pythia-70m", {"benchmark/hellaswag": 0.28}, 4000, 5000)
        for place in APOSTROPHES:
            log.log_evaluation(place, {"benchmark/hellaswag": 0.26}, 4000, 5000)
    return client, experiment, parent


def test_each_training_and_each_evaluation_is_one_run_within_the_run(said):
    client, experiment, parent = said
    runs = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent}'")
    names = sorted(run.info.run_name.split()[0] for run in runs)
    assert names == [*["evaluate"] * 5, "finetune"]
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_what_a_model_scored_stands_with_the_model_that_the_training_left(said, trained):
    client, experiment, _ = said
    models = client.search_logged_models([experiment])
    assert len(models) == 5  # the trained one, its checkpoint, and those that it is held against
    (mine,) = [model for model in models if model.tags.get("step") == "6"]
    assert mine.tags["trained"] == trained.folder.name
    scores = {(metric.key, metric.value) for metric in mine.metrics}
    assert {("benchmark/hellaswag", 0.3), ("benchmark/hellaswag", 0.25), ("validation_loss", 3.0)} <= scores


def test_a_place_with_an_apostrophe_is_a_model_of_its_own(said):
    client, experiment, _ = said
    models = [model for model in client.search_logged_models([experiment]) if "'" in model.tags.get("place", "")]
    assert sorted(model.tags["place"] for model in models) == sorted(APOSTROPHES)
    assert all([(metric.key, metric.value) for metric in model.metrics] == [("benchmark/hellaswag", 0.26)] for model in models)


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("tiny-sft 0123456789ab", Identity("tiny-sft", "0123456789ab")),
        ("tiny-sft 0123456789ab checkpoint-20", Identity("tiny-sft", "0123456789ab", 20)),
        ("meta-llama/Llama-2-7b-hf", Identity("meta-llama/Llama-2-7b-hf")),
        ("my model", Identity("my model")),
    ],
)
def test_a_model_is_known_by_what_tables_call_it(name, identity):
    assert Identity.of(name) == identity
