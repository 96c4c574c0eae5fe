"""Exact Jaccard similarity of sorted hash sets, and which documents repeat one that is kept."""

import math

import numpy as np
from numba import int64, uint32, uint64

from polymath.text.intrinsics import count_ones
from polymath.text.jit import I64, INT, REAL, U32, U64, Array, helper, kernel

_FEW_DOCUMENTS = 24
_ROUNDING = 1e-6
_SCAN_AT_WORK = 3
_BITMAP_BYTES = 1 << 28


def jaccard(a: np.ndarray, b: np.ndarray) -> float:
    """The intersection's size over the union's, of two sets uint64, ascending and distinct; 0 if both are empty."""
    return float(_jaccard(a, b))


def pairs_jaccard(hashes: np.ndarray, offsets: np.ndarray, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compare set left[i] with set right[i] for every i: float64[pairs]. Sets are as `shingle_sets` returns them."""
    return _pairs_jaccard(hashes, offsets, left.astype(np.int64, copy=False), right.astype(np.int64, copy=False))


def first_kept(
    hashes: np.ndarray, offsets: np.ndarray, threshold: float, groups: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Decide, in the given order, which documents are kept: keeper int32[documents], similarity float64[documents].

    `groups`, int64[groups + 1], says where each group of documents begins, and at the end how many there are; documents of
    different groups are not compared. Without it all are one group.

    A document is removed if and only if the set of an earlier document that was itself kept is similar to its own, with
    a Jaccard similarity of `threshold` or more: there are no chains. Its keeper is the most similar of these, the
    earliest on a tie; the keeper of a kept document is -1 and its similarity 0. Empty sets are similar to none.

    Exact, though it compares few pairs. With shingles in order of rarity, two similar documents share one among the
    first few of each (prefix filter: Bayardo, Ma and Srikant 2007; Xiao, Wang, Lin and Yu 2008); only kept documents
    are indexed; and where all share boilerplate, bitmaps rule pairs out (Sandes, Teodoro and Melo 2018).
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"a Jaccard threshold is above 0 and at most 1, not {threshold}")
    bounds = np.array([0, len(offsets) - 1]) if groups is None else groups
    keeper, similarity = _first_kept_of_few(hashes, offsets, bounds, threshold, _FEW_DOCUMENTS)
    for group in np.flatnonzero(np.diff(bounds) > _FEW_DOCUMENTS).tolist():
        first, last = bounds[group : group + 2].tolist()
        found, similarity[first:last] = _first_kept_of_many(hashes, offsets[first : last + 1], threshold)
        keeper[first:last] = np.where(found >= 0, first + found, -1)
    return keeper, similarity


def _first_kept_of_many(hashes: np.ndarray, offsets: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.diff(offsets)
    tokens, ends = _rarest_first(hashes[offsets[0] : offsets[-1]], sizes)
    return _first_kept(tokens, ends, sizes, threshold, _bitmap_words(len(tokens), len(sizes)), _SCAN_AT_WORK)


def _rarest_first(hashes: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the shingles that several documents have, the rarest first: tokens uint32 and offsets; they ascend."""
    _, shingle, frequency = np.unique(hashes, return_inverse=True, return_counts=True)
    rank = np.empty(len(frequency), np.int64)
    rank[np.argsort(frequency, kind="stable")] = np.arange(len(frequency)) - np.count_nonzero(frequency == 1)
    shared = rank[shingle] >= 0
    owner = np.repeat(np.arange(len(sizes)), sizes)[shared]
    tokens = np.sort(owner << 32 | rank[shingle[shared]]).astype(np.uint32)
    return tokens, np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(sizes)))])


def _bitmap_words(tokens: int, documents: int) -> int:
    """Words of 64 bits per bitmap: two to four bits for each token of an average document, within bounds on memory."""
    wanted = 1 << (2 * tokens // documents // 64).bit_length()
    return max(4, min(wanted, _BITMAP_BYTES // 8 // documents))


@helper
def _overlap(a: Array, b: Array) -> int:
    """The size of the intersection, without branches on how the two sets interleave."""
    i, j, common = 0, 0, 0
    while i < a.size and j < b.size:
        x, y = a[i], b[j]
        common += int(x == y)
        i += int(x <= y)
        j += int(y <= x)
    return common


@helper
def _overlap_if(a: Array, b: Array, needed: int) -> int:
    """The size of the intersection, or -1 as soon as it is sure to stay under `needed`."""
    spare_a, spare_b = a.size - needed, b.size - needed
    i, j = 0, 0
    while i < a.size and j < b.size:
        if a[i] == b[j]:
            i += 1
            j += 1
        elif a[i] < b[j]:
            i += 1
            spare_a -= 1
        else:
            j += 1
            spare_b -= 1
        if min(spare_a, spare_b) < 0:
            return -1
    return needed + spare_a - (a.size - i)


@helper
def _needed(sizes: int, similarity: float) -> np.int64:
    """The least overlap of two similar sets, from the sum of their sizes; one less where rounding leaves a doubt."""
    return max(int64(1), int64(math.ceil(similarity / (1 + similarity) * sizes - _ROUNDING)))


@kernel(U64, U64)
def _jaccard(a: Array, b: Array) -> float:
    common = _overlap(a, b)
    return common / max(1, a.size + b.size - common)


@kernel(U64, I64, I64, I64)
def _pairs_jaccard(hashes: Array, offsets: Array, left: Array, right: Array) -> Array:
    similarity = np.empty(left.size, np.float64)
    for pair in range(left.size):
        a = hashes[offsets[left[pair]] : offsets[left[pair] + 1]]
        b = hashes[offsets[right[pair]] : offsets[right[pair] + 1]]
        common = _overlap(a, b)
        similarity[pair] = common / max(1, a.size + b.size - common)
    return similarity


@kernel(U64, I64, I64, REAL, INT)
def _first_kept_of_few(hashes: Array, offsets: Array, groups: Array, threshold: float, few: int) -> tuple[Array, Array]:
    documents = offsets.size - 1
    keeper, similarity = np.full(documents, -1, np.int32), np.zeros(documents)
    for group in range(groups.size - 1):
        if groups[group + 1] - groups[group] <= few:
            _compare_all(hashes, offsets, groups[group], groups[group + 1], threshold, keeper, similarity)
    return keeper, similarity


@helper
def _compare_all(
    hashes: Array, offsets: Array, first: int, last: int, threshold: float, keeper: Array, similarity: Array
) -> None:
    """Every document of a group with every earlier one that is kept."""
    for d in range(first, last):
        one = hashes[offsets[d] : offsets[d + 1]]
        for e in range(first, d):
            other = hashes[offsets[e] : offsets[e + 1]]
            needed = _needed(one.size + other.size, max(threshold, similarity[d]))
            if keeper[e] >= 0 or min(one.size, other.size) < needed:
                continue
            common = _overlap_if(one, other, needed)
            reached = common / (one.size + other.size - common)
            if reached >= threshold and reached > similarity[d]:
                keeper[d], similarity[d] = e, reached


@kernel(U32, I64, I64, REAL, INT, INT)
def _first_kept(
    tokens: Array, offsets: Array, sizes: Array, threshold: float, bitmap_words: int, scan_at_work: int
) -> tuple[Array, Array]:
    documents, kept_count = sizes.size, 0
    keeper, similarity = np.full(documents, -1, np.int32), np.zeros(documents)
    prefixes = _prefix_ends(offsets, sizes, threshold)
    lists = _posting_lists(tokens, offsets, prefixes)
    filled, postings = lists[:-1].copy(), np.empty(lists[-1], np.int32)
    bitmaps = np.zeros((documents, bitmap_words), np.uint64)
    kept, candidates = np.empty(documents, np.int32), np.empty(documents, np.int32)
    met_by = np.full(documents, -1, np.int32)
    for d in range(documents):
        one, prefix = tokens[offsets[d] : offsets[d + 1]], tokens[offsets[d] : prefixes[d]]
        _draw(one, bitmaps[d])
        limit = scan_at_work * kept_count
        count = _candidates(prefix, lists, filled, postings, d, met_by, candidates, limit)
        wanted = threshold
        for e in kept[:kept_count] if count < 0 else candidates[:count]:
            needed, shared = _needed(sizes[d] + sizes[e], wanted), offsets[e + 1] - offsets[e]
            if min(one.size, shared) < needed or _overlap_bound(one.size + shared, bitmaps, d, e) < needed:
                continue
            common = _overlap_if(one, tokens[offsets[e] : offsets[e + 1]], needed)
            reached = common / (sizes[d] + sizes[e] - common)
            if reached >= threshold and (reached > similarity[d] or (reached == similarity[d] and e < keeper[d])):
                keeper[d], similarity[d], wanted = e, reached, reached
        if keeper[d] < 0:
            kept[kept_count] = d
            kept_count += 1
            for token in prefix:
                postings[filled[token]] = d
                filled[token] += 1
    return keeper, similarity


@helper
def _prefix_ends(offsets: Array, sizes: Array, threshold: float) -> Array:
    """Where each document's prefix ends: the tokens among which any similar document has one of its own prefix.

    A similar document has at least ceil(threshold * size) of the document's shingles, and so the rarest of these is
    among the first size - ceil(threshold * size) + 1. The shingles that no other document has stand before all tokens.
    """
    ends = np.empty(sizes.size, np.int64)
    for d in range(sizes.size):
        tokens = offsets[d + 1] - offsets[d]
        length = sizes[d] - int64(math.ceil(threshold * sizes[d] - _ROUNDING)) + 1 - (sizes[d] - tokens)
        ends[d] = offsets[d] + min(tokens, max(0, length))
    return ends


@helper
def _posting_lists(tokens: Array, offsets: Array, prefixes: Array) -> Array:
    """Where the list of each token's documents begins, with room for all that have it in their prefix."""
    highest = -1
    for token in tokens:
        highest = max(highest, int64(token))
    starts = np.zeros(highest + 2, np.int64)
    for d in range(prefixes.size):
        for i in range(offsets[d], prefixes[d]):
            starts[tokens[i] + 1] += 1
    return np.cumsum(starts)


@helper
def _candidates(
    prefix: Array, lists: Array, filled: Array, postings: Array, d: int, met_by: Array, candidates: Array, limit: int
) -> int:
    """List the kept documents that share a token of their prefix with `prefix`; return how many these are.

    Return -1 if that is more work than `limit`, so that it is cheaper to look at all that are kept.
    """
    work, count = 0, 0
    for token in prefix:
        work += filled[token] - lists[token]
    if work > limit:
        return -1
    for token in prefix:
        for e in postings[lists[token] : filled[token]]:
            if met_by[e] != d:
                met_by[e] = d
                candidates[count] = e
                count += 1
    return count


@helper
def _draw(tokens: Array, bitmap: Array) -> None:
    """Flip one bit per token, so that two bitmaps differ in no more bits than the sets differ in tokens."""
    bits = uint32(64 * bitmap.size)
    for token in tokens:
        bit = token % bits
        bitmap[bit >> uint32(6)] ^= uint64(1) << uint64(bit & uint32(63))


@helper
def _overlap_bound(sizes: int, bitmaps: Array, d: int, e: int) -> int:
    """An upper bound of the overlap of two sets, from the sum of their sizes and their bitmaps."""
    differing = 0
    for word in range(bitmaps.shape[1]):
        differing += count_ones(bitmaps[d, word] ^ bitmaps[e, word])
    return (sizes - differing) // 2
