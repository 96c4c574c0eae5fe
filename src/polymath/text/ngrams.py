"""Which benchmark items stand in a text: an index of the items' n-grams, and how much of each item a row covers.

Units are words (see `words`), so case and punctuation do not matter. Where at least half of the letters are of scripts
without spaces between words, units are characters, three for each word that a setting asks for. Items and rows of
different units do not meet.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numba import float64, int64, types, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import hash_grams
from polymath.text.jit import I32, I64, INT, U8, U32, U64, Array, helper, kernel
from polymath.text.shingles import is_unspaced, split_chars
from polymath.text.utf8 import decode, longest
from polymath.text.words import split_words

CHARS_PER_WORD = 3
"""Characters that stand for one word in scripts without spaces: between Chinese (under 2) and Thai (about 4)."""

MAX_ITEMS = 50
"""How many items an n-gram leads to: wording that more of them share (a template) leads to the first so many only."""

_LONG, _SHORT, _CHARS = np.uint64(0x6C62272E07BB0142), np.uint64(0x27D4EB2F165667C5), np.uint64(0x9FB21C651E98DF25)
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


class Matches(NamedTuple):
    """Pairs of a row and an item that share an n-gram, or whose item is short and stands whole in the row."""

    row: np.ndarray
    """int64[matches]"""
    item: np.ndarray
    """int64[matches]"""
    covered: np.ndarray
    """float64[matches]: the share of the item's words that lie in n-grams which the row has too; 1 for a short item."""
    position: np.ndarray
    """int64[matches]: the byte of the row's value at which its longest stretch in common with the item begins,"""
    length: np.ndarray
    """int64[matches]: and how many bytes that stretch has."""


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


def matches(index: NgramIndex, strings: Strings) -> Matches:
    """Find every item of which a row holds an n-gram (or the whole, if it is short), and how much of it the row covers.

    Matches come row by row, item by item. An n-gram that more than `MAX_ITEMS` items share leads to the first of these
    only, which bounds the work per row; but how much of an item is covered counts all of its n-grams, however common.
    """
    # Numba does not let a named tuple of writable arrays, such as pickle makes, pass for one of read-only arrays.
    frozen = NgramIndex(*(_read_only(array) for array in index))
    columns = _matches(*strings, unicode.folded(), unicode.classes(), frozen)
    order = np.lexsort((columns[1], columns[0]))
    return Matches(*(column[order] for column in columns))


def _first_items(grams: np.ndarray, items: np.ndarray, distinct: int) -> tuple[np.ndarray, np.ndarray]:
    """List the first `MAX_ITEMS` items of each n-gram, from pairs of both: starts int64[distinct + 1], items int32."""
    pairs = np.unique(grams.astype(np.int64) << 32 | items)
    gram = pairs >> 32
    kept = np.arange(len(pairs)) - np.searchsorted(gram, gram) < MAX_ITEMS
    return np.searchsorted(gram[kept], np.arange(distinct + 1)), pairs[kept].astype(np.int32)


def _filter_words(keys: int) -> int:
    return 1 << max(4, (keys // _FILTER_KEYS_PER_WORD).bit_length())


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


Stretch = tuple[np.int64, np.int64, np.float64, np.int64, np.int64]
INDEX = types.NamedTuple([I64, I32, U64, U64, I64, I32, I64, I32, U64, I32, I64, U64], NgramIndex)


@helper
def _split(text: Array, folded: Array, classes: Array, units: Array) -> tuple[int, int]:
    """Write the units of one value into `units`; return how many there are, and how many of them stand for a word."""
    if is_unspaced(text, classes):
        return split_chars(text, folded, units), CHARS_PER_WORD
    return split_words(text, folded, units), 1


@helper
def _hash_windows(units: Array, count: int, length: int, scale: int, salt: np.uint64, hashes: Array) -> int:
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
        count, scale = _split(data[offsets[item] : offsets[item + 1]], folded, classes, units)
        windows = _hash_windows(units, count, n, scale, _LONG, grams[gram_starts[item] :])
        counts[item] = count
        gram_starts[item + 1] = gram_starts[item] + windows
        whole_starts[item + 1] = whole_starts[item]
        if windows == 0 and _hash_windows(units, min(count, shortest * scale), shortest, scale, _SHORT, seeds[shorts:]):
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
def _look_up(hashes: Array, count: int, bits: Array, keys: Array, places: Array) -> int:
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


@kernel(U8, I64, U32, U8, INDEX)
def _matches(
    data: Array, offsets: Array, folded: Array, classes: Array, index: NgramIndex
) -> tuple[Array, Array, Array, Array, Array]:
    room = longest(offsets) + 2
    units, hashes, places = np.empty(room, np.uint64), np.empty(room, np.uint64), np.empty(room, np.int32)
    starts, ends = np.empty(room, np.int64), np.empty(room, np.int64)
    first, met_by = np.full(index.grams.size, -1, np.int32), np.full(index.item_words.size, -1, np.int64)
    n, shortest = index.settings
    stretches = [_stretch(-1, -1, 0.0, 0, 0)]
    for row in range(offsets.size - 1):
        text, known = data[offsets[row] : offsets[row + 1]], len(stretches)
        count, scale = _split(text, folded, classes, units)
        windows = _hash_windows(units, count, shortest, scale, _SHORT, hashes)
        if _look_up(hashes, windows, index.bits, index.seeds, places):
            _find_short_items(row, units[:count], hashes, places[:windows], index, met_by, stretches)
        windows = _hash_windows(units, count, n, scale, _LONG, hashes)
        if _look_up(hashes, windows, index.bits, index.grams, places):
            _find_long_items(row, places[:windows], n * scale, index, first, met_by, stretches)
        if len(stretches) > known:
            _locate_units(text, folded, scale, starts, ends)
        for i in range(known, len(stretches)):
            _, item, covered, unit, length = stretches[i]
            stretches[i] = _stretch(row, item, covered, starts[unit], ends[unit + length - 1] - starts[unit])
    return _columns(stretches[1:])


@helper
def _stretch(row: int, item: int, covered: float, start: int, length: int) -> Stretch:
    """What a row and an item have in common: first in units, then in bytes."""
    return int64(row), int64(item), float64(covered), int64(start), int64(length)


@helper
def _find_short_items(
    row: int, units: Array, hashes: Array, places: Array, index: NgramIndex, met_by: Array, stretches: list[Stretch]
) -> None:
    """Add the short items that stand whole in a row to `stretches`, where they stand first."""
    for i in range(places.size):
        place = places[i]
        while place >= 0 and place < index.seeds.size and index.seeds[place] == hashes[i]:
            item = index.seed_items[place]
            whole = index.short_units[index.short_starts[item] : index.short_starts[item + 1]]
            if met_by[item] != row and np.array_equal(units[i : i + whole.size], whole):
                met_by[item] = row
                stretches.append(_stretch(row, item, 1.0, i, whole.size))
            place += 1


@helper
def _find_long_items(
    row: int, places: Array, n: int, index: NgramIndex, first: Array, met_by: Array, stretches: list[Stretch]
) -> None:
    """Add the long items that share an n-gram, of n units, with a row to `stretches`; `first` is scratch, all -1."""
    known = len(stretches)
    for i in range(places.size):
        gram = places[i]
        if gram < 0 or first[gram] >= 0:
            continue
        first[gram] = i
        for item in index.lead_items[index.leads[gram] : index.leads[gram + 1]]:
            if met_by[item] != row:
                met_by[item] = row
                stretches.append(_stretch(row, item, 0.0, 0, 0))
    for i in range(known, len(stretches)):
        item = stretches[i][1]
        grams = index.long_grams[index.long_starts[item] : index.long_starts[item + 1]]
        covered, unit, length = _compare(grams, first, places, n)
        stretches[i] = _stretch(row, item, covered / index.item_words[item], unit, length)
    for gram in places:
        if gram >= 0:
            first[gram] = -1


@helper
def _compare(grams: Array, first: Array, places: Array, n: int) -> tuple[int, int, int]:
    """Return how many units of an item lie in n-grams of the row, and start and length of the row's longest stretch.

    A stretch is followed from where its first n-gram stands first in the row, for as long as row and item go on alike.
    """
    covered, covered_to, run, at, longest_run, behind = 0, 0, 0, -1, 0, 0
    for k in range(grams.size):
        if first[grams[k]] < 0:
            run = 0
            continue
        covered += k + n - max(k, covered_to)
        covered_to = k + n
        if run > 0 and at + 1 < places.size and places[at + 1] == grams[k]:
            run, at = run + 1, at + 1
        else:
            run, at = 1, int(first[grams[k]])
        if run > longest_run:
            longest_run, behind = run, at + 1
    return covered, behind - longest_run, longest_run + n - 1


@helper
def _locate_units(text: Array, folded: Array, scale: int, starts: Array, ends: Array) -> None:
    """Write the bytes at which each unit begins and ends into `starts` and `ends`."""
    count, inside = 0, False
    i = 0
    while i < text.size:
        code_point, behind = decode(text, i)
        is_unit = folded[code_point] != 0
        if is_unit and (scale > 1 or not inside):
            starts[count] = i
            count += 1
        if is_unit:
            ends[count - 1] = behind
        inside = is_unit
        i = behind


@helper
def _columns(stretches: list[Stretch]) -> tuple[Array, Array, Array, Array, Array]:
    count = len(stretches)
    rows, items, covered = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.float64)
    positions, lengths = np.empty(count, np.int64), np.empty(count, np.int64)
    for i in range(count):
        rows[i], items[i], covered[i], positions[i], lengths[i] = stretches[i]
    return rows, items, covered, positions, lengths
