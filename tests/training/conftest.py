"""A mix, and a model trained on it, made once."""

from pathlib import Path

import pytest

from polymath.training.prepare import Scores
from tests.training.mixes import Made, job, make_mix


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two tasks, 240 examples, sequences of 64 tokens, batches of four."""
    return make_mix(tmp_path_factory.mktemp("mix"))


@pytest.fixture(scope="session")
def trained(made, tmp_path_factory: pytest.TempPathFactory):
    """The job of a small model that was trained for twelve steps in a process of its own, and what it told."""
    from polymath.training.launch import launch

    told: list = []
    dials = {"steps": 12, "validation": {"every_steps": 4}}
    done = job(made, tmp_path_factory.mktemp("trained"), train=dials, scores=Scores(every=8, label="look"))
    launch(done, told.append, look_at)
    return done, told


def look_at(checkpoint: Path) -> dict:
    """In place of a benchmark: whether the checkpoint is whole."""
    whole = (checkpoint / "model.safetensors").exists() and (checkpoint / "layout.json").exists()
    return {"wholeness": {"metric": "acc", "score": float(whole), "low": 0.0, "high": 1.0, "items": 1}}
