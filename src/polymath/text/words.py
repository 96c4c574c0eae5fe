"""Words as 64-bit hashes, without making a string: case, punctuation and whitespace leave no trace."""

import numpy as np
from numba import uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.jit import I64, U8, U32, Array, helper, kernel
from polymath.text.utf8 import decode, longest

_FNV_OFFSET, _FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def count_words(strings: Strings) -> np.ndarray:
    """Count the words of each value: int32[rows]. A word is a run of word characters, see `unicode.folded`."""
    return _count_words(*strings, unicode.folded())


def hash_words(strings: Strings) -> tuple[np.ndarray, np.ndarray]:
    """Hash the words of each value: hashes uint64[words], offsets int64[rows + 1].

    A word's hash is FNV-1a (Fowler, Noll and Vo) over its lower-cased code points, each taken as one unit.
    """
    return _hash_words(*strings, unicode.folded())


@helper
def split_words(text: Array, folded: Array, words: Array) -> int:
    """Write the hash of each word into `words`, which has room for half the bytes + 2; return how many there are."""
    count, inside, state = 0, 0, _FNV_OFFSET
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        # No branch on where words end, which no processor foresees: every state is written, the end of a word moves on.
        unit = folded[code_point]
        is_word = int(unit != 0)
        words[count] = state
        count += inside & (1 - is_word)
        state = (state ^ uint64(unit)) * _FNV_PRIME if is_word else _FNV_OFFSET
        inside = is_word
    words[count] = state
    return count + inside


@kernel(U8, I64, U32)
def _count_words(data: Array, offsets: Array, folded: Array) -> Array:
    rows = offsets.size - 1
    counts = np.empty(rows, np.int32)
    words = np.empty(longest(offsets) // 2 + 2, np.uint64)
    for row in range(rows):
        counts[row] = split_words(data[offsets[row] : offsets[row + 1]], folded, words)
    return counts


@kernel(U8, I64, U32)
def _hash_words(data: Array, offsets: Array, folded: Array) -> tuple[Array, Array]:
    rows = offsets.size - 1
    ends = np.zeros(rows + 1, np.int64)
    words = np.empty((offsets[rows] - offsets[0] + rows) // 2 + 2, np.uint64)
    for row in range(rows):
        count = split_words(data[offsets[row] : offsets[row + 1]], folded, words[ends[row] :])
        ends[row + 1] = ends[row] + count
    return words[: ends[rows]].copy(), ends
