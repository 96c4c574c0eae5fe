"""Where sentences end, and other marks that filters count: one pass over the bytes instead of a regular expression."""

import numpy as np
from numba import uint8

from polymath.text.buffers import Strings
from polymath.text.intrinsics import load_word
from polymath.text.jit import I64, INT, U8, Array, helper, kernel
from polymath.text.utf8 import count_byte

_FULL_STOPS, _EXCLAMATIONS, _QUESTIONS, _ONES, _HIGH_BITS = (
    np.uint64(byte * 0x0101010101010101) for byte in (*b".!?", 0x01, 0x80)
)
_CLOSERS = tuple(ord(char) for char in "\"')")


def count_sentences(strings: Strings) -> np.ndarray:
    """Count the sentences of each value: int32[rows].

    One ends at a full stop, an exclamation mark or a question mark, and whatever quotation marks and round brackets close
    behind it, where whitespace (ASCII's, without the vertical tab) or the end of the text follows.
    """
    return _count_sentences(*strings)


def count_char(strings: Strings, char: str) -> np.ndarray:
    """Count an ASCII character in each value: int32[rows]."""
    return _count_char(*strings, ord(char))


@kernel(U8, I64)
def _count_sentences(data: Array, offsets: Array) -> Array:
    counts = np.empty(offsets.size - 1, np.int32)
    for row in range(counts.size):
        counts[row] = _sentences_in(data[offsets[row] : offsets[row + 1]])
    return counts


@helper
def _sentences_in(text: Array) -> int:
    count, i = 0, _find_stop(text, 0)
    while i < text.size:
        i = _skip_closers(text, i + 1)
        count += int(i == text.size or _is_space(text[i]))
        i = _find_stop(text, i)
    return count


@helper
def _find_stop(text: Array, i: int) -> int:
    """The index of the first of . ! ? at or behind i, or the size of the text."""
    while i + 8 <= text.size:
        word = load_word(text, i)
        full, call, query = word ^ _FULL_STOPS, word ^ _EXCLAMATIONS, word ^ _QUESTIONS
        # Not 0 if and only if one of the eight bytes is one of them (see `lines.find_newline`).
        if ((full - _ONES) & ~full | (call - _ONES) & ~call | (query - _ONES) & ~query) & _HIGH_BITS != 0:
            break
        i += 8
    while i < text.size and not (text[i] == ord(".") or text[i] == ord("!") or text[i] == ord("?")):
        i += 1
    return i


@helper
def _skip_closers(text: Array, i: int) -> int:
    while i < text.size:
        byte = text[i]
        if byte == _CLOSERS[0] or byte == _CLOSERS[1] or byte == _CLOSERS[2]:
            i += 1
        elif i + 2 < text.size and byte == 0xE2 and text[i + 1] == 0x80 and (text[i + 2] == 0x99 or text[i + 2] == 0x9D):
            i += 3  # ’ and ”
        else:
            break
    return i


@helper
def _is_space(byte: np.uint8) -> bool:
    return bool(byte == ord(" ") or (uint8(byte - uint8(9)) < 5 and byte != 0x0B))


@kernel(U8, I64, INT)
def _count_char(data: Array, offsets: Array, char: int) -> Array:
    counts = np.empty(offsets.size - 1, np.int32)
    for row in range(counts.size):
        counts[row] = count_byte(data[offsets[row] : offsets[row + 1]], char)
    return counts
