"""Runs of tokens that a text shares with an indexed corpus, found through a sample of the corpus's n-grams.

Every STRIDE-th token of the corpus is sampled with a key of the tokens from it on; the text is looked up at each of its tokens.
So a shared run of SHORTEST = GRAM + STRIDE - 1 tokens holds a sampled n-gram whole, wherever it lies. (Winnowing, Schleimer
2003, samples both sides, and so needs 2 / (STRIDE + 1) of the tokens for the same promise, not 1 / STRIDE.) Keys only lead to
places; what is told was compared token by token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

GRAM, STRIDE = 8, 5
SHORTEST = GRAM + STRIDE - 1
"""Tokens of a shared run that is found for certain."""
LEVELS = ((GRAM, 32), (16, 16), (32, 16))
"""How many tokens from a place on each part of its key stands for, and the part's bits, the highest first. So places in the
order of their keys stand by what comes first, then by what follows, and many that begin alike can be narrowed down to those
that go on alike."""
MOST_PLACES = 4096
"""Places that a token of the text is compared with: of wording that stands in more (a template), so many."""
BLOCK = 16
"""Tokens that are compared at once."""
ROWS = 2**16
"""Places that are compared at once."""
KEYS_PER_HEAD = 256
"""Keys that begin with the same bits, on average: one page of memory, found by way of `Catalogue.heads`."""
_BASE = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)

Expect = Callable[[np.ndarray, np.ndarray, np.ndarray], None]
"""Told of an array the ranges (from, to) that will be read from it soon: a disk is faster when it is asked for all at once."""


@dataclass(frozen=True)
class Flat:
    """Documents as one array of ids."""

    ids: np.ndarray
    """Unsigned, of any width: the ids of all documents, one after another."""
    offsets: np.ndarray
    """int64[documents + 1]: where each begins, from 0 on."""


@dataclass(frozen=True)
class Samples:
    """Sampled places of one or many corpora, in the order of their keys."""

    keys: np.ndarray
    """uint64, ascending."""
    numbers: np.ndarray
    """Unsigned: a place divided by STRIDE, counted on through all corpora (see `sample_count`)."""


@dataclass(frozen=True)
class Catalogue:
    """Samples with a table of contents."""

    samples: Samples
    heads: np.ndarray
    """int64[a power of two + 1]: where the keys that begin with the same bits stand."""
    starts: np.ndarray
    """int64[corpora + 1]: the number of each corpus's first place."""


@dataclass(frozen=True)
class Runs:
    """Runs that a text and a corpus share and that cannot be made longer, an entry each: int64."""

    begin: np.ndarray
    """In the text."""
    end: np.ndarray
    corpus: np.ndarray
    document: np.ndarray
    unseen: np.ndarray
    """bool[tokens of the text]: where it has more places than were compared."""


def sample_count(tokens: int) -> int:
    """How many places a corpus of so many tokens has room for."""
    return -(-tokens // STRIDE)


def sample(corpus: Flat, wanted: np.ndarray) -> Samples:
    """The places of one corpus whose n-gram lies within one document. `wanted`: bool[documents]."""
    places = np.arange(0, len(corpus.ids), STRIDE)
    document = np.searchsorted(corpus.offsets, places, side="right") - 1
    ends = corpus.offsets[document + 1]
    kept = wanted[document] & (ends - places >= GRAM)
    keys = _keys(corpus.ids, ends, STRIDE)[kept]
    order = np.argsort(keys, kind="stable")
    return Samples(keys[order], np.flatnonzero(kept)[order])


def merge(parts: list[Samples]) -> Samples:
    """Samples of many parts in the order of their keys; equal keys in the order of the parts."""
    keys = np.concatenate([part.keys for part in parts])
    order = np.argsort(keys, kind="stable")  # merges runs that are sorted already
    return Samples(keys[order], np.concatenate([part.numbers for part in parts])[order])


def head_bits(samples: int) -> int:
    """Leading bits by which so many keys are looked up."""
    return max((samples // KEYS_PER_HEAD).bit_length(), 1)


def count_heads(keys: np.ndarray, bits: int) -> np.ndarray:
    """How many keys begin with each combination of so many bits: int64[2**bits]."""
    return np.bincount(_heads(keys, bits), minlength=1 << bits)


def _heads(keys: np.ndarray, bits: int) -> np.ndarray:
    return (keys >> np.uint64(64 - bits)).astype(np.int64)


def shared_runs(
    text: np.ndarray, catalogue: Catalogue, corpora: Callable[[int], Flat], expect: Expect, before: int | None = None
) -> Runs:
    """The runs of `text` (ids) that the corpora share, all of SHORTEST tokens and more.

    `corpora`: a corpus by its number; `before`: of the runs that begin at this token or after it, none need be found.
    """
    lows, highs, unseen = _look_up(text, catalogue, expect, len(text) if before is None else before + STRIDE)
    at = np.repeat(np.arange(len(lows)), highs - lows)
    expect(catalogue.samples.numbers, lows, highs)
    parts = [catalogue.samples.numbers[low:high].astype(np.int64) for low, high in zip(lows, highs, strict=True) if high > low]
    numbers = np.concatenate([np.empty(0, np.int64), *parts])
    corpus = np.searchsorted(catalogue.starts, numbers, side="right") - 1
    wanted = []
    for number in np.unique(corpus).tolist():
        mine, flat = np.flatnonzero(corpus == number), corpora(number)
        places = (numbers[mine] - catalogue.starts[number]) * STRIDE
        expect(flat.offsets, np.zeros(1, np.int64), np.array([len(flat.offsets)]))
        expect(flat.ids, np.maximum(places - BLOCK, 0), np.minimum(places + BLOCK, len(flat.ids)))
        wanted.append((number, flat, at[mine], places))
    found = [np.empty((4, 0), np.int64)]
    for number, flat, mine, places in wanted:
        begin, end, document = _compare(text, flat, mine, places)
        found.append(np.stack([begin, end, np.full(len(begin), number), document]))
    every = np.concatenate(found, axis=1)
    begin, end, corpus, document = every[:, every[1] - every[0] >= SHORTEST]
    return Runs(begin, end, corpus, document, unseen)


def _look_up(text: np.ndarray, catalogue: Catalogue, expect: Expect, until: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each token of the text (the first ones, `until` one), the samples to compare it with: from, to, and whether there are
    more of them."""
    size = len(text)
    left = size - np.arange(size)
    mine = _keys(text, np.full(size, size), 1)
    head = _heads(mine, len(catalogue.heads).bit_length() - 1)
    low, high = catalogue.heads[head], catalogue.heads[head + 1]
    idle = (left < GRAM) | (np.arange(size) >= until)
    high[idle] = low[idle]
    few = np.flatnonzero(high - low <= MOST_PLACES)
    expect(catalogue.samples.keys, low[few], high[few])
    unseen, shift = np.zeros(size, bool), 64
    for length, bits in LEVELS:
        shift -= bits
        rest = np.uint64((1 << shift) - 1)
        for token in np.flatnonzero((left >= length) & ((length == GRAM) | (high - low > MOST_PLACES))).tolist():
            keys = catalogue.samples.keys[low[token] : high[token]]
            first = np.searchsorted(keys, mine[token] & ~rest)
            last = np.searchsorted(keys, mine[token] | rest, side="right")
            if last > first or length == GRAM:
                low[token], high[token] = low[token] + first, low[token] + last
        unseen |= high - low > MOST_PLACES
    return low, np.minimum(high, low + MOST_PLACES), unseen


def _compare(text: np.ndarray, corpus: Flat, at: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The longest runs through token `at[i]` of the text and token `places[i]` of the corpus.

    Returns begin, end (both in the text) and document. Pairs that lie on one run give it once.
    """
    found = [np.empty((3, 0), np.int64)]
    order = np.lexsort((at, places - at))
    at, places = at[order], places[order]
    while len(at):
        diagonal = places - at
        first = np.flatnonzero(np.diff(diagonal, prepend=diagonal[0] - 1))
        runs = [_runs_through(text, corpus, at[rows], places[rows]) for rows in _portions(first)]
        begin, end, document = np.concatenate(runs, axis=1)
        found.append(np.stack([begin, end, document]))
        reached = np.repeat(np.maximum(end, at[first] + 1), np.diff(first, append=len(at)))
        at, places = at[at >= reached], places[at >= reached]
    begin, end, document = np.concatenate(found, axis=1)
    return begin, end, document


def _portions(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _runs_through(text: np.ndarray, corpus: Flat, at: np.ndarray, places: np.ndarray) -> np.ndarray:
    """int64[3, pairs]: begin, end, document; an empty run where the two tokens differ."""
    document = np.searchsorted(corpus.offsets, places, side="right") - 1
    after = np.minimum(corpus.offsets[document + 1] - places, len(text) - at)
    before = np.minimum(places - corpus.offsets[document], at)
    ahead = _equal_tokens(text, corpus.ids, at, places, after, 1)
    behind = _equal_tokens(text, corpus.ids, at - 1, places - 1, before * (ahead > 0), -1)
    return np.stack([at - behind, at + ahead, document])


def _equal_tokens(
    text: np.ndarray, ids: np.ndarray, at: np.ndarray, places: np.ndarray, room: np.ndarray, step: int
) -> np.ndarray:
    """How many tokens in a row are equal, at most `room`, going by `step`: int64[pairs]."""
    length = np.zeros(len(at), np.int64)
    going = np.flatnonzero(room > 0)
    while len(going):
        reach = length[going, None] + np.arange(BLOCK)
        inside = reach < room[going, None]
        ours = text[np.where(inside, at[going, None] + step * reach, 0)]
        theirs = ids[np.where(inside, places[going, None] + step * reach, 0)]
        same = inside & (ours == theirs)
        equal = np.where(same.all(axis=1), BLOCK, same.argmin(axis=1))
        length[going] += equal
        going = going[equal == BLOCK]
    return length


def _keys(ids: np.ndarray, ends: np.ndarray, stride: int) -> np.ndarray:
    """uint64 for every `stride`-th token: a hash of what follows, level by level, as far as it lies before its `ends`."""
    count = len(ends)
    padded = np.zeros(len(ids) + LEVELS[-1][0] + stride, np.uint64)
    padded[: len(ids)] = ids
    left = ends - np.arange(count) * stride
    keys, begin, shift = np.zeros(count, np.uint64), 0, 64
    for length, bits in LEVELS:
        shift -= bits
        value = np.zeros(count, np.uint64)
        for token in range(begin, length):
            value *= _BASE
            value += padded[token::stride][:count]
        part = _mix(value) >> np.uint64(64 - bits) << np.uint64(shift)
        keys |= np.where(left >= length, part, np.uint64(0))
        begin = length
    return keys


def _mix(value: np.ndarray) -> np.ndarray:
    """Spread every bit over all 64, as `polymath.text.hashing.mix` does in kernels."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))
