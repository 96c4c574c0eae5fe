"""What the record of a training run says."""

import json
import math

import pytest

from polymath.tracking.models import curves, training_facts
from polymath.training.trained import Trained
from tests.training.mixes import job, make_mix


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run's folder, with what a run would have left in it."""
    made = make_mix(tmp_path_factory.mktemp("mix"))
    ready = job(made, tmp_path_factory.mktemp("runs"))
    ready.folder.mkdir(parents=True)
    (ready.folder / "run.json").write_text(ready.model_dump_json())
    result = {"key": ready.run.key, "step": 6, "tokens": 1200, "seconds": 4.0, "validation": {"all": 2.0, "instruct": 2.5}}
    (ready.folder / "result.json").write_text(json.dumps(result))
    return Trained(ready.folder)


def test_a_training_run_is_told_by_its_losses_its_model_and_its_mix(trained):
    metrics, tags, inputs = training_facts(trained)
    assert metrics["validation_loss"] == 2.0
    assert metrics["perplexity"] == pytest.approx(math.e**2, abs=1e-3)
    assert metrics["validation/instruct"] == 2.5
    assert metrics["perplexity/instruct"] == pytest.approx(math.exp(2.5), abs=1e-3)
    assert metrics["tokens_per_second"] == 300
    assert tags == {"trained": trained.folder.name, "model": "small", "track": "sft"}
    assert {name: each["digest"] for name, each in inputs.items()} == trained.job.run.mix.digests
    assert {each["context"] for each in inputs.values()} == {"trained on"}


def test_curves_hold_every_number_of_the_log_by_step():
    log = [
        {"step": 0, "time": 1.0, "validation": {"all": 3.0, "code": 4.0}, "seconds": 1.0},
        {"step": 1, "time": 2.0, "loss": 2.5, "grad_norm": None, "learning_rate": 0.1, "tokens": 50, "seconds": 2.0},
    ]
    assert curves(log) == [
        ("validation_loss", 3.0, 1000, 0),
        ("validation/code", 4.0, 1000, 0),
        ("loss", 2.5, 2000, 1),
        ("learning_rate", 0.1, 2000, 1),
        ("tokens_per_second", 25.0, 2000, 1),
    ]
