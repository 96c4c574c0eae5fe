"""Buckets of band keys to groups of candidates, one band in memory at a time (Leskovec, Rajaraman, Ullman, ch. 3)."""

import numpy as np
from numba import types, uint64

from polymath.text.jit import I64, U64, helper, kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_I64_OUT = types.Array(types.int64, 1, "C")


def first_of_each(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """For each of `rows` (int64, ascending) the earliest row with the same key (uint64[all rows]): int64[len(rows)]."""
    return _first_of_each(keys, rows)


def unite_buckets(keys: np.ndarray, rows: np.ndarray, parents: np.ndarray) -> None:
    """Unite in `parents` (int64[all rows], a union-find forest) the `rows` that share a key; the earliest is the root."""
    _unite(_first_of_each(keys[rows], np.arange(len(rows))), rows, parents)


def roots(parents: np.ndarray) -> np.ndarray:
    """The root of every row, int64: the earliest row of its group."""
    return _roots(parents)


@kernel(U64, I64)
def _first_of_each(keys, rows):  # type: ignore[no-untyped-def]
    capacity = 16
    while capacity < 2 * len(rows):
        capacity *= 2
    mask = uint64(capacity - 1)
    owners = np.full(capacity, -1, np.int64)
    firsts = np.empty(len(rows), np.int64)
    for position in range(len(rows)):
        row = rows[position]
        key = keys[row]
        mixed = (key ^ (key >> uint64(31))) * GOLDEN
        slot = (mixed ^ (mixed >> uint64(29))) & mask
        while owners[slot] >= 0 and keys[owners[slot]] != key:
            slot = (slot + uint64(1)) & mask
        if owners[slot] < 0:
            owners[slot] = row
        firsts[position] = owners[slot]
    return firsts


@helper
def _find(parents, row):  # type: ignore[no-untyped-def]
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@kernel(I64, I64, _I64_OUT)
def _unite(firsts, rows, parents):  # type: ignore[no-untyped-def]
    for position in range(len(rows)):
        if firsts[position] != position:
            left = _find(parents, rows[firsts[position]])
            right = _find(parents, rows[position])
            if left < right:
                parents[right] = left
            else:
                parents[left] = right


@kernel(_I64_OUT)
def _roots(parents):  # type: ignore[no-untyped-def]
    found = np.empty(len(parents), np.int64)
    for row in range(len(parents)):
        found[row] = _find(parents, row)
    return found
