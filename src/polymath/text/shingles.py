"""Shingles: the overlapping pieces by which documents are compared (Broder 1997), as 64-bit hashes."""

import itertools
from typing import NamedTuple

import numpy as np
from numba import types, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import hash_grams
from polymath.text.jit import I64, U8, U32, Array, helper, kernel
from polymath.text.unicode import ALPHABETIC, UNSPACED_LETTER
from polymath.text.utf8 import count_ascii_letters, decode, highest_byte, longest
from polymath.text.words import split_words

WORD_GRAMS, SHORT_TEXT_GRAMS, CHAR_GRAMS = range(3)
"""Kinds of shingles. Their hashes live in different spaces: documents of different kinds have none in common."""


class ShingleParams(NamedTuple):
    """What a shingle is. A document with fewer words or characters than one gram is a single shingle of all of them."""

    words: int = 5
    """Words per shingle."""
    short_words: int = 3
    """Words per shingle of a short text."""
    short_text_words: int = 50
    """A text of fewer words than this is short; 0 makes none short."""
    chars: int = 10
    """Word characters per shingle, where at least half of the letters are of scripts without spaces between words."""


PARAMS = types.NamedUniTuple(types.int64, len(ShingleParams._fields), ShingleParams)
_SALT = np.uint64(0xD6E8FEB86659FD93)
_U64_OUT = types.Array(types.uint64, 1, "C")


def shingle_counts(strings: Strings, params: ShingleParams) -> tuple[np.ndarray, np.ndarray]:
    """Count the shingles of each value, repeats included: counts int32[rows], kinds uint8[rows]."""
    return _shingle_counts(*strings, unicode.folded(), unicode.classes(), params)


def shingle_sets(strings: Strings, rows: np.ndarray, params: ShingleParams) -> tuple[np.ndarray, np.ndarray]:
    """Make the shingle sets of the chosen `rows`, int64[k]: hashes uint64[total], offsets int64[k + 1].

    The hashes of one row ascend and are distinct.
    """
    chosen = rows.astype(np.int64, copy=False)
    hashes, offsets = _shingles(*strings, unicode.folded(), unicode.classes(), params, chosen)
    # NumPy sorts several times faster than Numba does.
    for start, end in itertools.pairwise(offsets.tolist()):
        hashes[start:end].sort()
    bounds = _drop_repeats(hashes, offsets)
    return hashes[: bounds[-1]], bounds


@helper
def shingle(
    text: Array,
    folded: Array,
    classes: Array,
    params: ShingleParams,
    units: Array,
    shingles: Array,
) -> tuple[int, int]:
    """Write the shingle hashes of one value into `shingles`; return how many there are, and their kind.

    `units` is scratch; both have room for the value's bytes + 2.
    """
    if is_unspaced(text, classes):
        count, kind, gram = split_chars(text, folded, units), CHAR_GRAMS, params.chars
    else:
        count, kind, gram = split_words(text, folded, units), WORD_GRAMS, params.words
        if count < params.short_text_words:
            kind, gram = SHORT_TEXT_GRAMS, params.short_words
    return hash_grams(units, count, gram, uint64(kind) * _SALT, shingles), kind


@helper
def is_unspaced(text: Array, classes: Array) -> bool:
    """Whether there are letters of scripts without spaces between words, and they are at least half of all letters."""
    if not _may_be_unspaced(text):
        return False
    letters, unspaced = 0, 0
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        letters += int(classes[code_point] & ALPHABETIC != 0)
        unspaced += int(classes[code_point] & UNSPACED_LETTER != 0)
    return unspaced > 0 and 2 * unspaced >= letters


@helper
def _may_be_unspaced(text: Array) -> bool:
    # Such letters lie at or above U+0E00, so their lead bytes are at least 0xE0: bytes are counted more quickly.
    if highest_byte(text) < 0xE0:
        return False
    leads = 0
    for i in range(text.size):
        leads += int(text[i] >= 0xE0)
    return leads >= count_ascii_letters(text)


@helper
def split_chars(text: Array, folded: Array, units: Array) -> int:
    """Write the lower-cased word characters into `units`, which has room for the bytes + 1; return their number."""
    count = 0
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        units[count] = uint64(folded[code_point])
        count += int(folded[code_point] != 0)
    return count


@kernel(U8, I64, U32, U8, PARAMS)
def _shingle_counts(
    data: Array,
    offsets: Array,
    folded: Array,
    classes: Array,
    params: ShingleParams,
) -> tuple[Array, Array]:
    rows = offsets.size - 1
    counts, kinds = np.empty(rows, np.int32), np.empty(rows, np.uint8)
    room = longest(offsets) + 2
    units, shingles = np.empty(room, np.uint64), np.empty(room, np.uint64)
    for row in range(rows):
        text = data[offsets[row] : offsets[row + 1]]
        counts[row], kinds[row] = shingle(text, folded, classes, params, units, shingles)
    return counts, kinds


@kernel(U8, I64, U32, U8, PARAMS, I64)
def _shingles(
    data: Array, offsets: Array, folded: Array, classes: Array, params: ShingleParams, chosen: Array
) -> tuple[Array, Array]:
    ends = np.zeros(chosen.size + 1, np.int64)
    units, room = np.empty(longest(offsets) + 2, np.uint64), 2
    for row in chosen:
        room += offsets[row + 1] - offsets[row]
    hashes = np.empty(room, np.uint64)
    for i in range(chosen.size):
        text = data[offsets[chosen[i]] : offsets[chosen[i] + 1]]
        count, _ = shingle(text, folded, classes, params, units, hashes[ends[i] :])
        ends[i + 1] = ends[i] + count
    return hashes[: ends[chosen.size]], ends  # without a copy: memory that nothing was written to is not there


@kernel(_U64_OUT, I64)
def _drop_repeats(hashes: Array, offsets: Array) -> Array:
    """Move the distinct hashes of each row, which ascend, to the front; return where the rows now begin and end."""
    ends = np.zeros(offsets.size, np.int64)
    place = 0
    for row in range(offsets.size - 1):
        for i in range(offsets[row], offsets[row + 1]):
            if i == offsets[row] or hashes[i] != hashes[place - 1]:
                hashes[place] = hashes[i]
                place += 1
        ends[row + 1] = place
    return ends
