"""Texts as vectors: hashed bags of words, and their projection into a space of concepts."""

import math

import numpy as np
from numba import uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import hash_grams, mix
from polymath.text.intrinsics import count_ones
from polymath.text.jit import F32, F32_2D, I32, I64, INT, U8, U32, Array, helper, kernel
from polymath.text.shingles import is_unspaced, split_chars
from polymath.text.utf8 import longest
from polymath.text.words import split_words

_BIGRAM_SALT = np.uint64(0xA0761D6478BD642F)
_HEAD_BYTES = 12
"""So many bytes for each word that counts are looked at first: few texts need more."""


def hashed_counts(strings: Strings, buckets: int, max_words: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count the words of each value in hash buckets (Weinberger et al. 2009, 0902.2206), as a sparse matrix (CSR).

    Returns indptr int64[rows + 1], indices int32 (ascending within a row) and data float32: 1 + ln(how often).
    `buckets` is a power of two. Only the first `max_words` words of a value count; where at least half of the letters
    are of scripts without spaces between words, pairs of characters stand for words.
    """
    assert buckets & (buckets - 1) == 0, f"the number of buckets must be a power of two, not {buckets}"
    return _hashed_counts(*strings, unicode.folded(), unicode.classes(), buckets, max_words)


def document_frequency(indices: np.ndarray, buckets: int) -> np.ndarray:
    """How many rows have each bucket: int64[buckets]. Those of several shards add up."""
    return np.bincount(indices, minlength=buckets)


def inverse_frequency(frequency: np.ndarray, rows: int) -> np.ndarray:
    """Weights of buckets, float32[buckets]: ln((1 + rows) / (1 + frequency)) + 1, as scikit-learn smooths them."""
    return (np.log((1 + rows) / (1 + frequency)) + 1).astype(np.float32)


def project(
    indptr: np.ndarray,
    indices: np.ndarray,
    data: np.ndarray,
    idf: np.ndarray,
    components: np.ndarray,
) -> np.ndarray:
    """Weight rows of `hashed_counts` by `idf`, float32[buckets], and multiply by `components`, float32[buckets, dims].

    Returns float32[rows, dims], each row of length 1, or 0 if it is empty. A row's buckets are added in ascending
    order, so that it gives the same bits whichever rows stand beside it.
    """
    return _project(indptr, indices, data, idf, components)


@kernel(U8, I64, U32, U8, INT, INT)
def _hashed_counts(
    data: Array, offsets: Array, folded: Array, classes: Array, buckets: int, max_words: int
) -> tuple[Array, Array, Array]:
    rows, room = offsets.size - 1, longest(offsets) + 2
    units, hashes = np.empty(room, np.uint64), np.empty(room, np.uint64)
    counts, touched = np.zeros(buckets, np.int32), np.zeros((buckets + 63) // 64, np.uint64)
    indptr, most = np.zeros(rows + 1, np.int64), 0
    for row in range(rows):
        most += min(max_words, offsets[row + 1] - offsets[row])
    indices, values = np.empty(most, np.int32), np.empty(most, np.float32)
    for row in range(rows):
        count = _hash_units(data[offsets[row] : offsets[row + 1]], folded, classes, max_words, units, hashes)
        _count_buckets(hashes[: min(count, max_words)], counts, touched)
        indptr[row + 1] = _take_buckets(counts, touched, indptr[row], indices, values)
    return indptr, indices[: indptr[rows]].copy(), values[: indptr[rows]].copy()


@helper
def _hash_units(text: Array, folded: Array, classes: Array, wanted: int, units: Array, hashes: Array) -> int:
    """Write the hashes of at least `wanted` words or pairs of characters, or of all there are; return their number."""
    unspaced = is_unspaced(text, classes)
    head = text[: min(text.size, _HEAD_BYTES * wanted)]
    count = split_chars(head, folded, units) if unspaced else split_words(head, folded, units)
    if count < wanted + 2 and head.size < text.size:  # two more, because the last one may be cut off
        count = split_chars(text, folded, units) if unspaced else split_words(text, folded, units)
    if unspaced:
        return hash_grams(units, count, 2, _BIGRAM_SALT, hashes)
    for i in range(count):
        hashes[i] = mix(units[i])
    return count


@helper
def _count_buckets(hashes: Array, counts: Array, touched: Array) -> None:
    """Count how often each bucket comes, and set the bit in `touched` of those that do."""
    for value in hashes:
        bucket = value & uint64(counts.size - 1)
        touched[bucket >> uint64(6)] |= uint64(1) << (bucket & uint64(63))
        counts[bucket] += 1


@helper
def _take_buckets(counts: Array, touched: Array, place: int, indices: Array, values: Array) -> int:
    """Move counts to `indices` and `values` from `place` on, in ascending order of the buckets; return the place behind."""
    # A walk over the bits in place of a sort, which took most of the time.
    for word in range(touched.size):
        bits = touched[word]
        touched[word] = 0
        while bits:
            lowest = bits & (~bits + uint64(1))
            bucket = 64 * word + count_ones(lowest - uint64(1))
            bits ^= lowest
            indices[place] = bucket
            values[place] = 1 + math.log(counts[bucket])
            counts[bucket] = 0
            place += 1
    return place


@kernel(I64, I32, F32, F32, F32_2D)
def _project(indptr: Array, indices: Array, data: Array, idf: Array, components: Array) -> Array:
    rows, dims = indptr.size - 1, components.shape[1]
    vectors = np.zeros((rows, dims), np.float32)
    for row in range(rows):
        vector = vectors[row]
        for i in range(indptr[row], indptr[row + 1]):
            weight, component = data[i] * idf[indices[i]], components[indices[i]]
            for k in range(dims):
                vector[k] += weight * component[k]
        square = 0.0
        for k in range(dims):
            square += float(vector[k]) * float(vector[k])
        if square > 0:
            for k in range(dims):
                vector[k] = vector[k] / math.sqrt(square)
    return vectors
