"""What a person reads of a run: what a batch holds, and the share of the GPUs' peak."""

import pytest

from polymath.training.objectives import Direct, Grouped, NextToken, Pairwise
from polymath.training.words import model_flops_share, told_batch
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
