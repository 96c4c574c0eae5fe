"""The page of a training run: curves that follow the log, and what needs a look."""

import pytest

from polymath.reporting.training.curves import HEIGHT, WIDTH, draw_losses
from polymath.reporting.training.page import notices
from tests.training.mixes import make_mix, training

LOG = [
    {"step": 0, "validation": {"all": 9.0, "code": 9.1, "chat": 8.9}},
    *({"step": step, "loss": 9.0 - step} for step in range(1, 5)),
    {"step": 4, "validation": {"all": 5.0, "code": 5.5, "chat": 4.5}},
]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return training(make_mix(tmp_path_factory.mktemp("mix"))).run


def points(path):
    return [tuple(map(float, each.split(","))) for each in path.removeprefix("M").split("L")]


def test_curves_begin_and_end_where_the_log_does_and_stay_on_the_paper():
    drawn = draw_losses(LOG)
    assert [(curve.name, curve.last) for curve in drawn.validation] == [("all", 5.0), ("chat", 4.5), ("code", 5.5)]
    assert drawn.training.last == 5.0
    every = [point for curve in (drawn.training, *drawn.validation) for point in points(curve.path)]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in every)
    heights = [y for _, y in points(drawn.training.path)]
    assert heights == sorted(heights)  # a loss that falls goes down the page


def test_a_log_without_steps_has_no_curves():
    assert draw_losses(LOG[:1]) is None


def test_what_needs_a_look_is_told(run):
    result = {
        "first": {"code": 2.0, "chat": 3.0},
        "validation": {"code": 2.5, "chat": 1.0},
        "step": 4,
        "steps": 6,
        "packed": False,
    }
    told = " ".join(notices(run, result))
    assert "The validation loss of code is higher than before" in told
    assert "stopped at step 4 of 6" in told
    assert "one document a row" in told


def test_nothing_needs_a_look_where_all_is_well(run):
    result = {"first": {"code": 2.0}, "validation": {"code": 1.0}, "step": 6, "steps": 6, "packed": True}
    assert notices(run, result) == []
