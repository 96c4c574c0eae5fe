"""The examples of a training step are those that training took."""

import pytest

from polymath.errors import UserError
from polymath.reporting.tracing.batches import batch_of, tell_batch
from polymath.reporting.tracing.runs import READ
from tests.reporting.tracing.conftest import LAST, STEPS
from tests.training.mixes import BATCH


@pytest.mark.parametrize("step", [1, 2, STEPS])
def test_a_step_lists_what_training_took_in_it_slot_by_slot(leave, load, items, step):
    slots = batch_of(load, leave(), step)
    places = range((step - 1) * BATCH, step * BATCH)
    assert [slot.slot for slot in slots] == list(range(BATCH))
    assert [slot.examples for slot in slots] == [items.examples([place]) for place in places]
    assert [slot.tokens for slot in slots] == [len(items[place]["input_ids"]) for place in places]
    assert {(slot.task, name.partition("/")[0]) for slot in slots for name in slot.examples} <= {
        ("closed_qa", "sums"),
        ("instruct", "words"),
    }


def test_of_a_run_that_goes_on_in_a_tracks_schedule_the_steps_are_counted_from_its_own_first(leave, load, items):
    slots = batch_of(load, leave(taken={"sft": 2, "pretrain.1": 9}), 3)
    assert [slot.examples for slot in slots] == [items.examples([place]) for place in range(4 * BATCH, 5 * BATCH)]


@pytest.mark.parametrize("step", [0, STEPS + 1])
def test_a_step_that_the_run_does_not_have_is_an_error_with_those_that_it_has(leave, load, step):
    with pytest.raises(
        UserError, match=rf"trace --step: {step} is not a step of small-sft 0123456789ab, which has steps 1 to 6"
    ):
        batch_of(load, leave(), step)


@pytest.mark.parametrize("name", READ)
def test_a_mix_that_was_made_anew_is_an_error_that_says_so(leave, load, planned, name):
    old = planned.run.mix.model_copy(update={"digests": {**planned.run.mix.digests, name: "0" * 32}})
    with pytest.raises(UserError, match=rf"made anew since \({name}\), so that what stood in step 2 cannot be told"):
        batch_of(load, leave(mix=old), 2)


def test_the_loss_of_the_step_is_told_and_no_more_slots_than_the_limit(leave, project, capsys):
    tell_batch(project, leave(), 4, limit=3)
    told = capsys.readouterr().out
    assert "step 4 of 6  small-sft 0123456789ab, loss 2, learning rate 0.01, gradient norm 1.5" in told
    assert "and 1 more slot (--limit)" in told


def test_a_step_that_is_still_to_come_has_its_examples_and_no_loss(leave, project, capsys):
    tell_batch(project, leave(), LAST + 1, limit=9)
    assert "small-sft 0123456789ab, which it has not come to" in capsys.readouterr().out
