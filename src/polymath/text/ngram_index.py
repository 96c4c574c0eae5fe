"""An index of benchmark items by their n-grams, made once and looked into for every row (see `ngrams`)."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import types, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import hash_grams
from polymath.text.jit import I32, I64, INT, U8, U32, U64, Array, helper, kernel
from polymath.text.shingles import is_unspaced, split_chars
from polymath.text.utf8 import longest
from polymath.text.words import split_words

CHARS_PER_WORD = 3
"""Characters that stand for one word in scripts without spaces: between Chinese (under 2) and Thai (about 4)."""

MAX_ITEMS = 50
"""How many items an n-gram leads to: wording that more of them share (a template) leads to the first so many only."""

LONG, SHORT = np.uint64(0x6C62272E07BB0142), np.uint64(0x27D4EB2F165667C5)
"""Salts of the n-grams of long items, and of the seeds of short ones."""

_FILTER_KEYS_PER_WORD = 4


class NgramIndex(NamedTuple):
    """Benchmark items, ready to be looked for: plain arrays, to be pickled, or stored by `arrays` and `from_arrays`.

    A *long* item has `n` words or more and is known by its n-grams; a *short* one has `min_item_words` or more and must
    be found whole, from its first `min_item_words`-gram, its seed, on. Items with still fewer words are never found.
    """

    settings: np.ndarray
    """int64[2]: n and min_item_words."""
    item_words: np.ndarray
    """int32[items]: words or characters of each item."""
    bits: np.ndarray
    """uint64[a power of two]: a Bloom filter (Bloom 1970) of `grams` and `seeds`, two bits in one word for each."""
    grams: np.ndarray
    """uint64[grams]: the n-gram hashes of all long items, ascending and distinct."""
    leads: np.ndarray
    """int64[grams + 1]: where the items of each n-gram begin in `lead_items`."""
    lead_items: np.ndarray
    """int32[leads]: at most `MAX_ITEMS` items for each n-gram."""
    long_starts: np.ndarray
    """int64[items + 1]: where the n-grams of each long item begin in `long_grams`."""
    long_grams: np.ndarray
    """int32: indices into `grams`, item by item in the order of the text."""
    seeds: np.ndarray
    """uint64[short items]: the seeds' hashes, ascending."""
    seed_items: np.ndarray
    """int32[short items]: the item of each seed."""
    short_starts: np.ndarray
    """int64[items + 1]: where the units of each short item begin in `short_units`."""
    short_units: np.ndarray
    """uint64: word hashes or code points."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The index as named arrays, for storage."""
        return self._asdict()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "NgramIndex":
        """The index from what `arrays` returned; further entries are left aside."""
        return cls(*(arrays[name] for name in cls._fields))


INDEX = types.NamedTuple([I64, I32, U64, U64, I64, I32, I64, I32, U64, I32, I64, U64], NgramIndex)


def build_index(items: Strings, n: int, min_item_words: int) -> NgramIndex:
    """Index items by their n-grams of `n` words, and as a whole those with fewer but at least `min_item_words`."""
    assert 1 <= min_item_words <= n, f"items of {min_item_words} words or more cannot be shorter than n-grams of {n}"
    item_words, long_hashes, long_starts, seed_hashes, short_units, short_starts = _item_units(
        *items, unicode.folded(), unicode.classes(), n, min_item_words
    )
    grams, long_grams = np.unique(long_hashes, return_inverse=True)
    leads, lead_items = _first_items(long_grams, np.repeat(np.arange(items.rows), np.diff(long_starts)), len(grams))
    short_items = np.flatnonzero(np.diff(short_starts))
    order = np.argsort(seed_hashes, kind="stable")
    return NgramIndex(
        settings=np.array([n, min_item_words]),
        item_words=item_words,
        bits=_bloom_filter(grams, seed_hashes, _filter_words(len(grams) + len(seed_hashes))),
        grams=grams,
        leads=leads,
        lead_items=lead_items,
        long_starts=long_starts,
        long_grams=long_grams.astype(np.int32),
        seeds=seed_hashes[order],
        seed_items=short_items[order].astype(np.int32),
        short_starts=short_starts,
        short_units=short_units,
    )


def _first_items(grams: np.ndarray, items: np.ndarray, distinct: int) -> tuple[np.ndarray, np.ndarray]:
    """List the first `MAX_ITEMS` items of each n-gram, from pairs of both: starts int64[distinct + 1], items int32."""
    pairs = np.unique(grams.astype(np.int64) << 32 | items)
    gram = pairs >> 32
    kept = np.arange(len(pairs)) - np.searchsorted(gram, gram) < MAX_ITEMS
    return np.searchsorted(gram[kept], np.arange(distinct + 1)), pairs[kept].astype(np.int32)


def _filter_words(keys: int) -> int:
    return 1 << max(4, (keys // _FILTER_KEYS_PER_WORD).bit_length())


@helper
def split_units(text: Array, folded: Array, classes: Array, units: Array) -> tuple[int, int]:
    """Write the units of one value into `units`; return how many there are, and how many of them stand for a word."""
    if is_unspaced(text, classes):
        return split_chars(text, folded, units), CHARS_PER_WORD
    return split_words(text, folded, units), 1


@helper
def hash_windows(units: Array, count: int, length: int, scale: int, salt: np.uint64, hashes: Array) -> int:
    """Write the hash of every run of `length` words into `hashes`; return their number, 0 in a shorter text."""
    if count < length * scale:
        return 0
    return hash_grams(units, count, length * scale, salt + uint64(scale), hashes)


@kernel(U8, I64, U32, U8, INT, INT)
def _item_units(
    data: Array, offsets: Array, folded: Array, classes: Array, n: int, shortest: int
) -> tuple[Array, Array, Array, Array, Array, Array]:
    items, room, shorts = offsets.size - 1, offsets[-1] - offsets[0] + 2, 0
    counts, seeds = np.empty(items, np.int32), np.empty(items, np.uint64)
    grams, gram_starts = np.empty(room, np.uint64), np.zeros(items + 1, np.int64)
    wholes, whole_starts = np.empty(room, np.uint64), np.zeros(items + 1, np.int64)
    units = np.empty(longest(offsets) + 2, np.uint64)
    for item in range(items):
        count, scale = split_units(data[offsets[item] : offsets[item + 1]], folded, classes, units)
        windows = hash_windows(units, count, n, scale, LONG, grams[gram_starts[item] :])
        counts[item] = count
        gram_starts[item + 1] = gram_starts[item] + windows
        whole_starts[item + 1] = whole_starts[item]
        if windows == 0 and hash_windows(units, min(count, shortest * scale), shortest, scale, SHORT, seeds[shorts:]):
            shorts += 1
            whole_starts[item + 1] += count
            wholes[whole_starts[item] : whole_starts[item + 1]] = units[:count]
    grams, wholes = grams[: gram_starts[items]].copy(), wholes[: whole_starts[items]].copy()
    return counts, grams, gram_starts, seeds[:shorts].copy(), wholes, whole_starts


@kernel(U64, U64, INT)
def _bloom_filter(grams: Array, seeds: Array, words: int) -> Array:
    bits = np.zeros(words, np.uint64)
    for keys in (grams, seeds):
        for key in keys:
            bits[_filter_word(key, bits)] |= uint64(1) << _first_bit(key) | uint64(1) << _second_bit(key)
    return bits


@helper
def _filter_word(key: np.uint64, bits: Array) -> np.uint64:
    return (key >> uint64(32)) & uint64(bits.size - 1)


@helper
def _first_bit(key: np.uint64) -> np.uint64:
    return key & uint64(63)


@helper
def _second_bit(key: np.uint64) -> np.uint64:
    return (key >> uint64(6)) & uint64(63)


@helper
def look_up(hashes: Array, count: int, bits: Array, keys: Array, places: Array) -> int:
    """Write where each hash stands in the ascending `keys`, or -1, into `places`; return how many stand there."""
    hits = 0
    for i in range(count):
        places[i] = -1
        word = bits[_filter_word(hashes[i], bits)]
        if (word >> _first_bit(hashes[i])) & (word >> _second_bit(hashes[i])) & uint64(1):
            place = np.searchsorted(keys, hashes[i])
            if place < keys.size and keys[place] == hashes[i]:
                places[i] = place
                hits += 1
    return hits
