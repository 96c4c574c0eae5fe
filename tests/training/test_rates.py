"""The learning rate over the steps."""

import pytest

from polymath.training.config import OptimizerConfig
from polymath.training.rates import rate


def rates(steps=100, **dials):
    return [rate(step, steps, OptimizerConfig(**dials)) for step in range(steps)]


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd", "constant"])
def test_the_rate_rises_to_its_height_in_the_warm_up_and_never_above(schedule):
    found = rates(schedule=schedule, warmup_share=0.1)
    assert found[:10] == sorted(found[:10])
    assert found[10] == pytest.approx(1.0)
    assert max(found) <= 1.0
    assert min(found) > 0


@pytest.mark.parametrize(("schedule", "middle"), [("cosine", 0.55), ("linear", 0.55), ("wsd", 1.0), ("constant", 1.0)])
def test_its_middle_is_that_of_the_schedule(schedule, middle):
    assert rates(101, schedule=schedule, warmup_share=0)[50] == pytest.approx(middle, abs=0.01)


def test_wsd_falls_in_its_last_part_alone():
    found = rates(schedule="wsd", warmup_share=0, decay_share=0.2, final_share=0.1)
    assert set(found[:81]) == {1.0}
    assert found[-1] == pytest.approx(0.1 + 0.9 / 20, abs=1e-6)
