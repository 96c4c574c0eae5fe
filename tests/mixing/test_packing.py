"""Packing: no token lost, none twice, no sequence too long; as full as best-fit decreasing makes them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.mixing.packing import pack


def best_fit_decreasing(lengths, capacity):
    """The five-line reference: how many sequences."""
    rooms = []
    for length in sorted(lengths, reverse=True):
        fitting = [room for room in range(len(rooms)) if rooms[room] >= length]
        best = min(fitting, key=lambda room: (rooms[room], room), default=None)
        rooms.append(capacity - length) if best is None else rooms.__setitem__(best, rooms[best] - length)
    return len(rooms)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 300).flatmap(lambda c: st.tuples(st.just(c), st.lists(st.integers(1, 2 * c + 3), max_size=60))))
def test_every_token_stands_in_exactly_one_sequence(given_):
    capacity, lengths = given_
    packed = pack(np.array(lengths, np.int32), capacity)
    assert all(used <= capacity for used in np.bincount(packed.sequence, packed.length))
    for example, length in enumerate(lengths):
        mine = packed.example == example
        spans = sorted(zip(packed.start[mine].tolist(), packed.length[mine].tolist(), strict=True))
        assert [start for start, _ in spans] == np.cumsum([0, *(size for _, size in spans)])[:-1].tolist()
        assert sum(size for _, size in spans) == length


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 200).flatmap(lambda c: st.tuples(st.just(c), st.lists(st.integers(1, c), max_size=60))))
def test_as_many_sequences_as_best_fit_decreasing_makes(given_):
    capacity, lengths = given_
    packed = pack(np.array(lengths, np.int32), capacity)
    assert packed.sequence.max(initial=-1) + 1 == best_fit_decreasing(lengths, capacity)


def test_only_the_end_of_a_long_example_shares_a_sequence():
    packed = pack(np.array([25, 3, 4], np.int32), 10)
    assert list(zip(*(column.tolist() for column in packed), strict=True)) == [
        (0, 0, 0, 10),
        (1, 0, 10, 10),
        (2, 0, 20, 5),
        (2, 2, 0, 4),
        (3, 1, 0, 3),
    ]
