"""MinHash signatures of shingle sets (Broder 1997), bit for bit those of datasketch 2's affine32 scheme, and bands."""

import functools
from typing import TYPE_CHECKING

import numpy as np
from numba import uint32, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import mix
from polymath.text.jit import I64, INT, U8, U32, U32_2D, Array, helper, kernel
from polymath.text.shingles import PARAMS, ShingleParams, shingle
from polymath.text.utf8 import longest

if TYPE_CHECKING:
    from datasketch import MinHash

PERMUTATIONS = 128
BANDS, BAND_ROWS = 21, 6
"""Documents are candidates if all rows of any one band agree: at a similarity of 0.8, all but 0.2 % of the pairs do."""


def permutations(count: int = PERMUTATIONS, seed: int = 1) -> np.ndarray:
    """Draw permutations x -> a x + b mod 2^32 as datasketch does: uint32[2, count], odd multipliers and addends."""
    draw = np.random.RandomState(seed)
    multipliers = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return np.stack([multipliers, draw.randint(0, 1 << 32, count, dtype=np.uint32)])


def signatures(
    strings: Strings,
    params: ShingleParams,
    permutations: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sketch each value: signatures uint32[rows, permutations], shingle counts int32[rows], kinds uint8[rows].

    The share of equal entries of two signatures estimates the Jaccard similarity of the two shingle sets. Equal to
    `datasketch.MinHash(scheme="affine32")` fed with the low 32 bits of each shingle's hash. Counts include repeats; a
    value without shingles has the signature 0xFFFFFFFF throughout.
    """
    return _signatures(*strings, unicode.folded(), unicode.classes(), params, permutations[0], permutations[1])


def band_keys(signatures: np.ndarray, bands: int = BANDS, rows: int = BAND_ROWS) -> np.ndarray:
    """Hash `rows` entries of each signature per band: uint64[bands, documents].

    Documents with an equal key in one band are candidates. Leave out those without shingles: all their keys are equal.
    """
    entries = signatures.shape[1]
    assert bands * rows <= entries, f"{bands} bands of {rows} rows need more than {entries} permutations"
    return _band_keys(signatures, bands, rows)


@functools.cache
def optimal_bands(threshold: float, permutations: int = PERMUTATIONS) -> tuple[int, int]:
    """The bands and rows with which datasketch expects the fewest false positives and negatives at a threshold."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=threshold, num_perm=permutations)
    return index.b, index.r


def to_datasketch(signature: np.ndarray, seed: int = 1) -> "MinHash":
    """Export one signature, uint32[permutations], drawn with `seed`."""
    from datasketch import MinHash

    return MinHash(seed=seed, hashvalues=signature, scheme="affine32")


@kernel(U8, I64, U32, U8, PARAMS, U32, U32)
def _signatures(
    data: Array,
    offsets: Array,
    folded: Array,
    classes: Array,
    params: ShingleParams,
    multipliers: Array,
    addends: Array,
) -> tuple[Array, Array, Array]:
    rows, room = offsets.size - 1, longest(offsets) + 2
    sketches = np.empty((rows, multipliers.size), np.uint32)
    counts, kinds = np.empty(rows, np.int32), np.empty(rows, np.uint8)
    units, shingles, values = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.uint32)
    for row in range(rows):
        text = data[offsets[row] : offsets[row + 1]]
        count, kind = shingle(text, folded, classes, params, units, shingles)
        for i in range(count):
            values[i] = _murmur_mix(uint32(shingles[i]))
        _least_values(values, count, multipliers, addends, sketches[row])
        counts[row], kinds[row] = count, kind
    return sketches, counts, kinds


@helper
def _murmur_mix(value: np.uint32) -> np.uint32:
    """The finaliser of MurmurHash3, with which the affine32 scheme begins."""
    value = uint32((value ^ (value >> uint32(16))) * uint32(0x85EBCA6B))
    value = uint32((value ^ (value >> uint32(13))) * uint32(0xC2B2AE35))
    return value ^ (value >> uint32(16))


@helper
def _least_values(values: Array, count: int, multipliers: Array, addends: Array, sketch: Array) -> None:
    """Write the least permuted value under each permutation into `sketch`."""
    for k in range(sketch.size):
        sketch[k] = uint32(0xFFFFFFFF)
    # Eight values per pass: sketch, multipliers and addends are then loaded and stored an eighth as often.
    whole = count - count % 8
    for i in range(0, whole, 8):
        v0, v1, v2, v3 = values[i], values[i + 1], values[i + 2], values[i + 3]
        v4, v5, v6, v7 = values[i + 4], values[i + 5], values[i + 6], values[i + 7]
        for k in range(sketch.size):
            a, b = multipliers[k], addends[k]
            low = min(min(_permute(v0, a, b), _permute(v1, a, b)), min(_permute(v2, a, b), _permute(v3, a, b)))
            high = min(min(_permute(v4, a, b), _permute(v5, a, b)), min(_permute(v6, a, b), _permute(v7, a, b)))
            sketch[k] = min(sketch[k], min(low, high))
    for i in range(whole, count):
        for k in range(sketch.size):
            sketch[k] = min(sketch[k], _permute(values[i], multipliers[k], addends[k]))


@helper
def _permute(value: np.uint32, multiplier: np.uint32, addend: np.uint32) -> np.uint32:
    return uint32(value * multiplier + addend)


@kernel(U32_2D, INT, INT)
def _band_keys(sketches: Array, bands: int, rows: int) -> Array:
    keys = np.empty((bands, sketches.shape[0]), np.uint64)
    for document in range(sketches.shape[0]):
        for band in range(bands):
            key = mix(uint64(band + 1))
            for row in range(rows):
                key = mix(key ^ uint64(sketches[document, band * rows + row]))
            keys[band, document] = key
    return keys
