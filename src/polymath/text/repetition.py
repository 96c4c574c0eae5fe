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
_PROBE_CHARS = 24


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


@helper
def most_frequent(table: Table, keys: Array, count: int) -> tuple[int, int]:
    """Return how often the most frequent of `keys[:count]` comes and where first; on a tie, the one that came first."""
    slots, round_, mask = new_set(table, count)
    counts, firsts = table.counts, table.firsts
    best, winner = 1, 0
    for i in range(count):
        slot, seen = find(slots, round_, mask, keys[i])
        if not seen:
            counts[slot], firsts[slot] = 1, i
            continue
        counts[slot] += 1
        times, first = int(counts[slot]), int(firsts[slot])
        if times > best or (times == best and first < winner):
            best, winner = times, first
    return best, winner


@helper
def hash_runs(words: Words, count: int, n: int, hashes: Array) -> None:
    """Write the hash of every run of n words, written without spaces, into `hashes`."""
    running, powers, ends = words
    for i in range(count - n + 1):
        start, end = ends[i], ends[i + n]
        hashes[i] = running[end] - running[start] * powers[end - start]


@helper
def duplicate_run_chars(words: Words, count: int, table: Table, keys: Array, n: int) -> int:
    """Count the characters of runs of n words that stood before; the next such run is looked for behind the last.

    Runs are compared as they are written without spaces, as datatrove compares them. `keys` is scratch.
    """
    hash_runs(words, count, n, keys)
    ends, runs = words.ends, count - n + 1
    for i in range(runs):
        keys[i] = mix(keys[i])
    slots, round_, mask = new_set(table, runs)
    i, chars = 0, 0
    while i < runs:
        _, seen = find(slots, round_, mask, keys[i])
        chars += (ends[i + n] - ends[i]) * int(seen)
        i += n if seen else 1
    return chars


@helper
def may_repeat(words: Words, count: int, table: Table, n: int) -> bool:
    """Whether two runs of n words, of n + 1, ... or of 10 may be equal when written without spaces. False is certain.

    Runs that are equal word for word begin with shorter equal runs; but so written, "ab c" and "a bc" are equal too.
    One set serves all lengths: it holds the first 24 characters from each word on, and whole those runs that are
    shorter.
    """
    running, powers, ends = words
    runs = count - n + 1
    slots, round_, mask = new_set(table, 2 * runs)
    entries = 0
    for i in range(runs):
        start, last = ends[i], min(i + LONGEST_RUN, count)
        if ends[last] - start >= _PROBE_CHARS:
            key = running[start + _PROBE_CHARS] - running[start] * powers[_PROBE_CHARS]
            if find(slots, round_, mask, mix(key))[1]:
                return True
            entries += 1
        end = i + n
        while end <= last and ends[end] - start < _PROBE_CHARS:
            key = running[ends[end]] - running[start] * powers[ends[end] - start]
            if find(slots, round_, mask, mix(key + uint64(end - i)))[1]:
                return True
            entries += 1
            end += 1
        if entries > 2 * runs:
            return True
    return False
