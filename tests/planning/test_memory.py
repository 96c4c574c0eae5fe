"""Memory: the figures of the papers that the formulas are from."""

from dataclasses import replace
from itertools import pairwise

import pytest

from polymath.planning.memory import SETTINGS, Beside, Load, Setting, activations, least, need
from polymath.planning.shapes import Anatomy
from tests.pipelines.plan.made import shapes

MADE = Anatomy(hidden=4096, layers=30, vocabulary=50_000, matrices=((4096, 61_035),), vectors=640, outside=0)
"""7.5 billion parameters."""
LOAD = Load(MADE, "full", tokens=2048, checkpointing=True)


@pytest.mark.parametrize(("zero", "gigabytes"), [(0, 120), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_states_of_7_5_billion_parameters_on_64_gpus_are_those_of_the_zero_paper(zero, gigabytes):
    """Figure 1 of Rajbhandari 2020 (1910.02054)."""
    needed = need(LOAD, Setting(zero, "none"), gpus=64)
    assert (needed.parameters + needed.gradients + needed.optimizer) / 1e9 == pytest.approx(gigabytes, abs=0.06)


def test_a_stage_takes_no_more_than_the_one_before_it_but_what_it_gathers():
    totals = [need(LOAD, Setting(zero, "none"), 8) for zero in range(4)]
    assert all(later.total - later.gathered < earlier.total for earlier, later in pairwise(totals))
    assert [each.gathered > 0 for each in totals] == [False, False, False, True]


def test_on_one_gpu_zero_splits_nothing():
    assert len({need(LOAD, Setting(zero, "none"), 1).total for zero in range(4)}) == 1


def test_what_is_offloaded_lies_in_the_cpus_memory_and_not_on_the_gpu():
    here, optimizer, everything = (need(LOAD, Setting(3, offload), 8) for offload in ("none", "optimizer", "all"))
    assert optimizer.offloaded == here.gradients + here.optimizer
    assert everything.offloaded == optimizer.offloaded + here.parameters
    assert (everything.parameters, everything.gradients, everything.optimizer) == (0, 0, 0)
    assert everything.gathered > 0  # modules come to the GPU for their turn


def test_activations_are_those_of_the_paper_and_checkpointing_keeps_one_layer_of_them():
    """GPT-3's layers, Korthikanti 2022 (2205.05198): 34 s b h each, 2 s b h of each that is computed again."""
    gpt3 = Anatomy(hidden=12_288, layers=96, vocabulary=0, matrices=(), vectors=0, outside=0)
    whole = Load(gpt3, "full", tokens=2048, checkpointing=False)
    unit = 2048 * 12_288
    assert activations(whole) == 96 * 34 * unit
    assert activations(replace(whole, checkpointing=True)) == 96 * 2 * unit + 34 * unit


def test_in_32_bits_states_are_as_large_and_activations_twice_as_large():
    half, full = need(LOAD, SETTINGS[0], 1), need(replace(LOAD, width=4), SETTINGS[0], 1)
    assert full.parameters == 2 * half.parameters
    assert full.parameters + full.gradients + full.optimizer == half.parameters + half.gradients + half.optimizer
    logits = 8 * 2048 * 50_000
    assert full.activations - logits == 2 * (half.activations - logits)


def test_adapters_need_states_for_themselves_alone():
    anatomy = shapes().root["llama2_7b"].anatomy
    needed = need(Load(anatomy, "lora", 2048, True, rank=16), Setting(0, "none"), 1)
    assert needed.gradients + needed.optimizer == 14 * 39_976_960
    assert needed.parameters == 2 * (anatomy.parameters + 39_976_960)


def test_the_least_setting_that_fits_is_chosen_and_none_where_none_does():
    totals = [need(LOAD, setting, 8).total for setting in SETTINGS]
    assert least(LOAD, 8, totals[0]) == Setting(0, "none")
    assert least(LOAD, 8, totals[2]) == Setting(2, "none")
    assert least(LOAD, 8, totals[3] * 0.9) == Setting(3, "optimizer")
    assert least(LOAD, 8, 1e9) is None


def test_a_reference_is_a_copy_of_the_model_and_under_adapters_none():
    beside = Beside(reference=True)
    plain, held = (need(each, SETTINGS[0], 1) for each in (LOAD, replace(LOAD, beside=beside)))
    assert held.total - plain.total == held.others == plain.parameters
    assert need(replace(LOAD, beside=beside), Setting(3, "none"), 8).others == plain.parameters / 8
    assert need(replace(LOAD, training="lora", beside=beside), SETTINGS[0], 1).others == 0


def test_replies_are_made_where_no_activations_are_and_a_split_model_speaks_as_one():
    few, many = (replace(LOAD, beside=Beside(generated=tokens)) for tokens in (64, 64 * 4096))
    assert need(few, SETTINGS[0], 1).total == need(LOAD, SETTINGS[0], 1).total
    grown = need(many, SETTINGS[0], 1)
    assert grown.generation == 2 * 2 * 4096 * 30 * 64 * 4096
    assert grown.total > need(LOAD, SETTINGS[0], 1).total
    assert need(few, Setting(3, "none"), 8).generation > LOAD.width * MADE.parameters
