"""The schedule: tasks within one of their quota at every prefix, concepts within two, every sequence as often as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.mixing import schedule


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=9))
def test_every_prefix_holds_every_task_within_one_of_its_quota(draws):
    draws = np.array(draws)
    tasks = schedule.schedule_tasks(draws)
    assert np.bincount(tasks, minlength=len(draws)).tolist() == draws.tolist()
    counts = np.cumsum(tasks[:, None] == np.arange(len(draws)), axis=0)
    quotas = np.arange(1, len(tasks) + 1)[:, None] * draws / draws.sum()
    assert np.abs(counts - quotas).max() < 1
    assert schedule.deviation(tasks, draws) == pytest.approx(np.abs(counts - quotas).max())


STRATA = st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=7), min_size=1, max_size=5)


@settings(max_examples=120, deadline=None)
@given(STRATA, st.integers(2, 24), st.sampled_from([0, 0.25, 0.5, 0.75, 1]), st.integers(0, 9))
def test_concepts_stay_within_two_whatever_company_is_wanted(strata, batch, share, seed):
    owner = np.repeat(np.arange(len(strata)), [len(each) for each in strata]).astype(np.int32)
    draws = np.array([count for each in strata for count in each])
    points = np.random.default_rng(seed).normal(size=(len(owner), 3))
    related = (points @ points.T > 0).astype(np.uint8)
    tasks = schedule.schedule_tasks(np.bincount(owner, draws).astype(np.int64))
    chosen = schedule.schedule_strata(tasks, schedule.Strata(owner, draws, related), batch, share)
    assert (owner[chosen] == tasks).all()
    assert np.bincount(chosen, minlength=len(draws)).tolist() == draws.tolist()
    for task in range(len(strata)):
        mine = np.flatnonzero(owner == task)
        assert schedule.deviation(chosen[tasks == task] - mine[0], draws[mine]) < 2


def test_the_dial_moves_how_related_a_batch_is():
    points = np.random.default_rng(3).normal(size=(48, 8))
    related = (points @ points.T > 0).astype(np.uint8)
    strata = schedule.Strata(np.repeat(np.arange(6), 8).astype(np.int32), np.full(48, 200), related)
    tasks = schedule.schedule_tasks(np.full(6, 1600))
    shares = [
        schedule.correlated_pairs(schedule.schedule_strata(tasks, strata, 32, wanted), related, 32) for wanted in (0, 0.5, 1)
    ]
    assert shares[0] < 0.47 < shares[1] < 0.53 < shares[2]


def test_correlated_pairs_are_those_of_a_plain_loop():
    rng = np.random.default_rng(0)
    related = rng.integers(0, 2, (5, 5)).astype(np.uint8)
    related |= related.T
    chosen, batch = rng.integers(0, 5, 23), 4
    pairs = [related[a, b] for s in range(5) for i, a in enumerate(chosen[s * 4 : s * 4 + 4]) for j, b in
             enumerate(chosen[s * 4 : s * 4 + 4]) if i != j]  # fmt: skip
    assert schedule.correlated_pairs(chosen, related, batch) == pytest.approx(np.mean(pairs))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=9), st.integers(0, 500))
def test_draws_are_whole_and_sum_up(weights, slots):
    weights = np.array(weights) / sum(weights)
    draws = schedule.whole_draws(weights, slots)
    assert draws.sum() == slots
    assert np.abs(draws - weights * slots).max(initial=0) <= 1


def test_every_epoch_is_a_new_order_of_all():
    order, epoch = schedule.draw_order(50, 120, (7,))
    assert sorted(order[:50]) == sorted(order[50:100]) == list(range(50))
    assert order[:50].tolist() != order[50:100].tolist()
    assert len(set(order[100:].tolist())) == 20
    assert epoch.tolist() == [0] * 50 + [1] * 50 + [2] * 20
    assert schedule.draw_order(50, 120, (7,))[0].tolist() == order.tolist()
