from collections import Counter

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.hashing import mix
from polymath.text.repetition import Places, all_places, find, most_frequent, new_set, new_table

from .text_samples import quick


@numba.njit
def seen_before(rounds, keys):
    table, seen = new_table(keys.size), np.zeros(keys.size, np.bool_)
    for _ in range(rounds):
        slots, round_, mask = new_set(table, keys.size)
        for i in range(keys.size):
            _, seen[i] = find(slots, round_, mask, mix(keys[i]))
    return seen


@numba.njit
def winner(keys):
    mixed = np.empty(keys.size, np.uint64)
    for i in range(keys.size):
        mixed[i] = mix(keys[i])
    places = Places(np.empty(keys.size, np.int32), np.empty(keys.size, np.int32))
    times, first, left = most_frequent(new_table(keys.size), mixed, places, all_places(places, keys.size))
    return times, first, places.rows[:left].copy()


@quick
@given(st.lists(st.integers(0, 20), max_size=60), st.integers(1, 3))
def test_a_set_knows_what_came_before_in_its_own_round(keys, rounds):
    expected = [key in keys[:i] for i, key in enumerate(keys)]
    assert seen_before(rounds, np.array(keys, np.uint64)).tolist() == expected


@pytest.mark.parametrize("rounds", [65_535, 65_536, 140_000])
def test_rounds_may_run_out(rounds):
    assert seen_before(rounds, np.array([1, 2, 1], np.uint64)).tolist() == [False, False, True]


@quick
@given(st.lists(st.integers(0, 8), min_size=1, max_size=60))
def test_the_most_frequent_key_wins_and_the_first_on_a_tie(keys):
    key, times = Counter(keys).most_common(1)[0]
    found_times, first, repeated = winner(np.array(keys, np.uint64))
    assert (found_times, first) == (times, keys.index(key) if times > 1 else 0)
    assert repeated.tolist() == [row for row, each in enumerate(keys) if keys.count(each) > 1]
