"""How sure a score is, and when two differ."""

import math

import numpy as np
import pytest

from polymath.evaluation.intervals import compare_scores, interval, mcnemar, ratio_interval, wilson


@pytest.mark.parametrize(
    ("successes", "items", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605)],
)
def test_wilson_gives_the_published_bounds(successes, items, low, high):
    """The last two are examples I and II of Newcombe 1998, table I."""
    assert wilson(successes, items) == pytest.approx((low, high), abs=5e-5)


def test_shares_get_wilsons_bounds_and_others_a_bootstrap_of_the_same_width_as_theory_says():
    assert interval([1, 0, 1, 1]).low == wilson(3, 4)[0]
    values = np.random.default_rng(1).normal(0.4, 0.1, 400)
    found = interval(values)
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * values.std(ddof=1) / 20, rel=0.1)
    assert interval(values) == found
    assert interval(values, seed=1) != found


def test_of_nothing_nothing_is_known():
    found = interval([])
    assert found.items == 0
    assert math.isnan(found.mean)


def test_a_loss_a_token_weighs_items_by_their_tokens():
    found = ratio_interval([10.0, 1.0], [1, 99])
    assert found.mean == pytest.approx(0.11)
    assert found.low == pytest.approx(1 / 99)
    assert found.high == pytest.approx(10.0)


@pytest.mark.parametrize(("gained", "lost", "p"), [(0, 0, 1.0), (1, 8, 20 / 512), (5, 5, 1.0), (10, 0, 2 / 1024)])
def test_mcnemar_counts_only_items_on_which_one_is_right(gained, lost, p):
    first = [0] * gained + [1] * lost + [1] * 40
    second = [1] * gained + [0] * lost + [1] * 40
    assert mcnemar(first, second) == pytest.approx(p)


def test_the_same_scores_differ_by_chance_and_a_steady_gain_does_not():
    values = np.random.default_rng(2).random(60)
    same = compare_scores(values, values)
    assert same.noise
    assert same.p == 1
    better = compare_scores(values, values + 0.01)  # far less than the spread over items: only pairs tell
    assert not better.noise
    assert better.difference == pytest.approx(0.01)
    assert better.low == pytest.approx(0.01)


def test_two_models_that_only_guess_are_called_different_as_seldom_as_is_promised():
    for items in (1, 3, 5, 8, 50):
        generator = np.random.default_rng(3)
        called = sum(not compare_scores(*generator.random((2, items)), seed=seed).noise for seed in range(100))
        assert called <= 12, items  # 5 expected; more than 12 in one of seven hundred trials


def test_five_items_cannot_make_a_difference_sure_and_six_can():
    """Of 32 ways to draw the signs of five equal gains two are as large; of 64 two."""
    gains = [compare_scores([0.2] * items, [0.3] * items) for items in (1, 5, 6)]
    assert [each.p for each in gains] == pytest.approx([1, 2 / 32, 2 / 64], abs=0.02)
    assert [each.noise for each in gains] == [True, True, False]


def test_losses_are_compared_by_the_unit_and_not_by_the_item():
    found = compare_scores([1.0, 100.0], [2.0, 90.0], weights=[1, 100])
    assert found.difference == pytest.approx(-9 / 101)
    assert (found.first, found.second) == pytest.approx((1.0, 92 / 101))
