"""Packing examples into sequences of a fixed length: best-fit decreasing (Ding and others 2024, arXiv 2404.10830)."""

from typing import NamedTuple

import numpy as np
from numba import types, uint64

from polymath.text.jit import I32, INT, helper, kernel


class Packed(NamedTuple):
    """Which piece of which example stands in which sequence, in reading order: int64[pieces] each."""

    sequence: np.ndarray
    example: np.ndarray
    start: np.ndarray
    """First token of the piece in its example."""
    length: np.ndarray
    """Tokens of the piece."""


def pack(lengths: np.ndarray, capacity: int) -> Packed:
    """Pack examples of `lengths` (int32[n], at least 1 each) into sequences of at most `capacity` tokens.

    An example longer than the capacity is cut into pieces that fill whole sequences, and a last one that is packed. Every
    token stands in exactly one sequence. Longest first, each into the fullest sequence that has room for it; of equally full
    ones the earliest. Linear in pieces, times a scan of capacity / 64 words.
    """
    whole = np.maximum(lengths - 1, 0) // capacity
    rest = lengths - whole * capacity
    order = np.argsort(-rest, kind="stable")
    bins = _best_fit(rest[order].astype(np.int32), capacity)
    parts = [
        (np.repeat(np.arange(len(lengths)), whole), _ordinals(whole) * capacity, np.full(whole.sum(), capacity)),
        (order, whole[order] * capacity, rest[order]),
    ]
    full = np.arange(whole.sum())
    sequence = np.concatenate([full, bins + len(full)])
    example, start, length = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    reading = np.lexsort((start, example, sequence))
    return Packed(*(np.asarray(column, np.int64)[reading] for column in (sequence, example, start, length)))


def _ordinals(counts: np.ndarray) -> np.ndarray:
    """0, 1, ..., c - 1 for each count c, one after another."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


@kernel(I32, INT)
def _best_fit(lengths, capacity):  # type: ignore[no-untyped-def]
    """The sequence of each length, int64[n]; lengths descending."""
    # Sequences with the same room left wait in a queue, in the order in which they got there; a bitmap tells which rooms exist.
    rooms = np.zeros(capacity // 64 + 1, np.uint64)
    head = np.full(capacity + 1, -1, np.int64)
    tail = np.full(capacity + 1, -1, np.int64)
    behind = np.full(len(lengths), -1, np.int64)
    bins = np.empty(len(lengths), np.int64)
    count = 0
    for item in range(len(lengths)):
        need = lengths[item]
        room = _smallest_room(rooms, need, capacity)
        if room < 0:
            chosen, room = count, capacity
            count += 1
        else:
            chosen = head[room]
            head[room] = behind[chosen]
            if head[room] < 0:
                tail[room] = -1
                rooms[room >> 6] &= ~(uint64(1) << uint64(room & 63))
        bins[item] = chosen
        left = room - need
        behind[chosen] = -1
        if left > 0:
            if tail[left] < 0:
                head[left] = chosen
                rooms[left >> 6] |= uint64(1) << uint64(left & 63)
            else:
                behind[tail[left]] = chosen
            tail[left] = chosen
    return bins


@helper
def _smallest_room(rooms, need, capacity):  # type: ignore[no-untyped-def]
    """The smallest room of at least `need`, -1 when there is none."""
    word = need >> 6
    bits = rooms[word] & (~uint64(0) << uint64(need & 63))
    while True:
        if bits != uint64(0):
            place = 0
            while bits & uint64(1) == uint64(0):
                bits >>= uint64(1)
                place += 1
            return types.int64(word * 64 + place)
        word += 1
        if word * 64 > capacity:
            return types.int64(-1)
        bits = rooms[word]
