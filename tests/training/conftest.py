"""A mix, and a model trained on it, made once."""

import pytest

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
    done = job(made, tmp_path_factory.mktemp("trained"), train={"steps": 12, "validation": {"every_steps": 4}})
    launch(done, told.append)
    return done, told
