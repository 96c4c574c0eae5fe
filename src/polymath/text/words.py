"""Words as 64-bit hashes, without making a string: case, punctuation and whitespace leave no trace."""

import numpy as np
from numba import uint8, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.jit import I64, U8, U32, Array, helper, kernel
from polymath.text.utf8 import decode, highest_byte, is_ascii_letter, is_digit

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
    for row in range(rows):
        text = data[offsets[row] : offsets[row + 1]]
        counts[row] = _count_ascii(text) if highest_byte(text) < 0x80 else _count(text, folded)
    return counts


@helper
def _count(text: Array, folded: Array) -> int:
    count, inside = 0, 0
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        is_word = int(folded[code_point] != 0)
        count += is_word & (1 - inside)
        inside = is_word
    return count


@helper
def _count_ascii(text: Array) -> int:
    """The same without a step that waits for the one before, so that it vectorises."""
    count = int(text.size > 0 and _is_ascii_word(text[0]))
    for i in range(1, text.size):
        count += int(_is_ascii_word(text[i]) > _is_ascii_word(text[i - 1]))
    return count


@helper
def _is_ascii_word(byte: np.uint8) -> np.bool:
    return is_ascii_letter(byte) | is_digit(byte) | (byte == uint8(ord("_")))


@kernel(U8, I64, U32)
def _hash_words(data: Array, offsets: Array, folded: Array) -> tuple[Array, Array]:
    rows = offsets.size - 1
    ends = np.zeros(rows + 1, np.int64)
    words = np.empty((offsets[rows] - offsets[0] + rows) // 2 + 2, np.uint64)
    for row in range(rows):
        count = split_words(data[offsets[row] : offsets[row + 1]], folded, words[ends[row] :])
        ends[row + 1] = ends[row] + count
    return words[: ends[rows]].copy(), ends
