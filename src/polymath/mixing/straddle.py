"""Which records would carry content from one split into another."""

import numpy as np
from numba import types, uint64

from polymath.text.jit import I64, U8, U64, kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def straddlers(content: np.ndarray, split: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of `rows` (int64, in policy order): bool, true where the record's content stands in another split already.

    `content` uint64[all rows] is a hash of the passage or prompt (0: nothing that could be shared), `split` uint8[all rows].
    The first record that stays decides in which split its content stands.
    """
    return _straddlers(content, split, rows)


@kernel(U64, U8, I64)
def _straddlers(content, split, rows):  # type: ignore[no-untyped-def]
    capacity = 16
    while capacity < 2 * len(rows):
        capacity *= 2
    mask = uint64(capacity - 1)
    owners = np.full(capacity, -1, np.int64)
    found = np.zeros(len(rows), types.boolean)
    for position in range(len(rows)):
        row = rows[position]
        key = content[row]
        if key == uint64(0):
            continue
        slot = ((key ^ (key >> uint64(31))) * GOLDEN) & mask
        while owners[slot] >= 0 and content[owners[slot]] != key:
            slot = (slot + uint64(1)) & mask
        if owners[slot] < 0:
            owners[slot] = row
        else:
            found[position] = split[owners[slot]] != split[row]
    return found
