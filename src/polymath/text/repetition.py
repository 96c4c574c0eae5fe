"""Kernel helpers that find what a text repeats, by hash, in one table that is used again and again without clearing it.

Arrays are taken out of the named tuples before loops: Numba counts references at every look at a field.
"""

from typing import NamedTuple

import numpy as np
from numba import uint64

from polymath.text.hashing import mix
from polymath.text.jit import Array, helper

LONGEST_RUN = 10
"""Words of the longest runs that are looked for."""

_ROUND_BITS = np.uint64(16)
_LAST_ROUND = np.uint64((1 << 16) - 1)
PROBE_CHARS = 24
"""Runs of words are told apart by so many characters first; most runs of five words are longer."""


class Table(NamedTuple):
    """An open-addressing hash table. A slot holds 48 bits of a key and its round; slots of past rounds are free."""

    slots: Array
    """uint64[a power of two]"""
    counts: Array
    """int32, by slot: how often the key came."""
    firsts: Array
    """int32, by slot: at which position it came first."""
    round: Array
    """uint64[1]"""


class Words(NamedTuple):
    """The words of a text as stretches of its characters, numbered as if there were no whitespace."""

    running: Array
    """uint64[characters + 1]: the polynomial hash of the first k characters; that of a stretch follows from two."""
    powers: Array
    """uint64[characters + 1]: the powers of the polynomial's base."""
    ends: Array
    """int64[words + 1]: word i is characters `ends[i]` to `ends[i + 1]`."""


@helper
def new_table(entries: int) -> Table:
    """Make a table for sets of up to `entries` keys."""
    size = _slots_for(entries)
    slots, rounds = np.zeros(size, np.uint64), np.zeros(1, np.uint64)
    return Table(slots, np.zeros(size, np.int32), np.zeros(size, np.int32), rounds)


@helper
def new_set(table: Table, entries: int) -> tuple[Array, np.uint64, np.uint64]:
    """Empty the table; return its slots, the new round, and a mask of the slots to use: few, for the cache's sake."""
    table.round[0] += uint64(1)
    if table.round[0] > _LAST_ROUND:
        table.slots[:] = 0
        table.round[0] = uint64(1)
    return table.slots, table.round[0], uint64(_slots_for(entries) - 1)


@helper
def _slots_for(entries: int) -> int:
    size = 64
    while size < 2 * entries:
        size *= 2
    return size


@helper
def find(slots: Array, round_: np.uint64, mask: np.uint64, key: np.uint64) -> tuple[np.uint64, bool]:
    """Return the slot of a key (whose bits are well mixed), and whether it was there already; now it is."""
    entry = (key >> _ROUND_BITS) << _ROUND_BITS | round_
    slot = (key >> _ROUND_BITS) & mask
    while True:
        found = slots[slot]
        if found == entry:
            return slot, True
        if found & _LAST_ROUND != round_:
            slots[slot] = entry
            return slot, False
        slot = (slot + uint64(1)) & mask


class Places(NamedTuple):
    """Positions at which something may repeat, as scratch for all texts."""

    rows: Array
    """int32: the positions, ascending."""
    slots: Array
    """int32: where the key of each of them stands in the table."""


@helper
def all_places(places: Places, count: int) -> int:
    """Fill in every position under `count`; return how many there are."""
    rows = places.rows
    for i in range(count):
        rows[i] = i
    return count


@helper
def most_frequent(table: Table, keys: Array, places: Places, number: int) -> tuple[int, int, int]:
    """Return how often the most frequent of the keys at the first `number` places comes, where it comes first (on a tie, the
    one that came first), and how many places are left when those whose key comes once are taken out. Nothing: 1, 0, 0.
    """
    slots, round_, mask = new_set(table, number)
    counts, firsts = table.counts, table.firsts
    rows, places_slots = places
    best, winner = 1, 0
    for p in range(number):
        i = rows[p]
        slot, seen = find(slots, round_, mask, keys[i])
        places_slots[p] = slot
        if not seen:
            counts[slot], firsts[slot] = 1, i
            continue
        counts[slot] += 1
        times, first = int(counts[slot]), int(firsts[slot])
        if times > best or (times == best and first < winner):
            best, winner = times, first
    return best, winner, _repeated_only(table, places, number)


@helper
def _repeated_only(table: Table, places: Places, number: int) -> int:
    counts, left = table.counts, 0
    rows, places_slots = places
    for p in range(number):
        rows[left] = rows[p]
        left += int(counts[places_slots[p]] > 1)
    return left


@helper
def hash_runs(words: Words, count: int, n: int, hashes: Array) -> None:
    """Write the hash of every run of n words, written without spaces, into `hashes`."""
    running, powers, ends = words
    for i in range(count - n + 1):
        start, end = ends[i], ends[i + n]
        hashes[i] = running[end] - running[start] * powers[end - start]


@helper
def may_repeat(words: Words, count: int, table: Table, places: Places, n: int) -> int:
    """Find the places of runs of n words or more that may be equal to others when written without spaces.

    Such runs begin with the same `PROBE_CHARS` characters, however these are cut into words, unless they are shorter: the
    places are those whose next characters stand elsewhere too, and those of shorter runs. Returns how many there are.
    """
    running, powers, ends = words
    rows, places_slots = places
    slots, round_, mask = new_set(table, count)
    counts, power, last = table.counts, powers[PROBE_CHARS], ends[count] - PROBE_CHARS
    number = 0
    while number < count and ends[number] <= last:
        start = ends[number]
        slot, seen = find(slots, round_, mask, mix(running[start + PROBE_CHARS] - running[start] * power))
        counts[slot] = counts[slot] + 1 if seen else 1
        places_slots[number] = slot
        number += 1
    left = 0
    for i in range(count - n + 1):
        is_short = ends[i + n] - ends[i] < PROBE_CHARS
        rows[left] = i
        left += int(is_short or counts[places_slots[i]] > 1)
    return left


@helper
def duplicate_run_chars(words: Words, count: int, table: Table, places: Places, number: int, n: int) -> int:
    """Count the characters of runs of n words that stood before; the next such run is looked for behind the last.

    Runs are compared as they are written without spaces, as datatrove compares them, at the places that `may_repeat` found.
    """
    running, powers, ends = words
    rows = places.rows
    slots, round_, mask = new_set(table, number)
    behind, chars = 0, 0
    for p in range(number):
        i = rows[p]
        if i < behind or i + n > count:
            continue
        length = ends[i + n] - ends[i]
        _, seen = find(slots, round_, mask, mix(running[ends[i + n]] - running[ends[i]] * powers[length]))
        if seen:
            chars += length
            behind = i + n
    return chars
