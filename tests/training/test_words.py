"""What a person reads of a run: what a batch holds, and the share of the GPUs' peak."""

import pytest

from polymath.training.objectives import Direct, Grouped, NextToken, Pairwise
from polymath.training.words import model_flops_share, pace, time_left, told_batch
from tests.training.mixes import MACHINE, training


@pytest.mark.parametrize(
    ("objective", "batch"),
    [
        (NextToken(), "4 sequences"),
        (Pairwise(), "4 pairs"),
        (Direct(), "4 pairs"),
        (Grouped(replies=2), "4 replies to 2 prompts"),
    ],
)
def test_a_batch_is_told_in_what_it_holds(made, objective, batch):
    run = training(made).run
    assert told_batch(run.model_copy(update={"objective": objective})) == batch


def test_only_where_a_token_is_passed_through_and_back_its_work_is_held_against_the_peak(made):
    run = training(made, MACHINE.model_copy(update={"peak_flops": 1e9})).run
    facts = {"tokens": 50, "seconds": 2.0}
    assert model_flops_share(facts, run) == pytest.approx(6 * run.start.anatomy.parameters * 50 / 2.0 / 1e9)
    assert model_flops_share(facts, run.model_copy(update={"objective": Direct()})) is None


def test_a_step_is_told_with_what_is_left(made):
    run = training(made).run
    facts = {"kind": "step", "step": 2, "loss": 1.5, "tokens": 500, "seconds": 50.0, "memory_mb": 1024}
    assert pace(facts, run) == f"step 2/{run.steps}  loss 1.500  10 tokens/s  1.0 GiB  {time_left((run.steps - 2) * 50)}"
    assert [time_left(seconds) for seconds in (0, 29, 90, 7_260)] == [
        "under a minute left", "under a minute left", "2 min left", "2 h 1 min left"
    ]  # fmt: skip
