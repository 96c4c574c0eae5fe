"""Which benchmark items stand in a text: each item that shares an n-gram with a row, and how much the row covers of it.

Units are words (see `words`), so case and punctuation do not matter. Where at least half of the letters are of scripts
without spaces between words, units are characters, three for each word that a setting asks for. Items and rows of
different units do not meet.
"""

from typing import NamedTuple

import numpy as np
from numba import float64, int64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.jit import I64, U8, U32, Array, helper, kernel
from polymath.text.ngram_index import INDEX, LONG, SHORT, NgramIndex, build_index, hash_windows, look_up, split_units
from polymath.text.utf8 import decode, longest

__all__ = ["Matches", "NgramIndex", "build_index", "matches"]

Stretch = tuple[np.int64, np.int64, np.float64, np.int64, np.int64]


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


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


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
        count, scale = split_units(text, folded, classes, units)
        windows = hash_windows(units, count, shortest, scale, SHORT, hashes)
        if look_up(hashes, windows, index.bits, index.seeds, places):
            _find_short_items(row, units[:count], hashes, places[:windows], index, met_by, stretches)
        windows = hash_windows(units, count, n, scale, LONG, hashes)
        if look_up(hashes, windows, index.bits, index.grams, places):
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
