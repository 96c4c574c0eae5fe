"""Near-duplicates by datasketch and by rensa: word 5-grams as strings, as their users make them."""

from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.run import timed
from benchmarks.truth import _WORD, WORDS


def datasketch(corpus: dict[str, Any]) -> dict[str, Any]:
    """MinHash of 128 permutations, an index of 16 bands of 8, documents joined to the first of their bucket."""
    from datasketch import MinHash, MinHashLSH

    texts = Corpus(**corpus).read().to_pylist()

    def keep() -> list[bool]:
        sketches = MinHash.bulk([[s.encode() for s in _shingles(text)] for text in texts], num_perm=128)
        index = MinHashLSH(threshold=0.8, num_perm=128, params=(16, 8))
        first = list(range(len(texts)))
        for row, sketch in enumerate(sketches):
            if not sketch.is_empty():
                for other in index.query(sketch):
                    _unite(first, other, row)
                index.insert(row, sketch, check_duplication=False)
        return [_find(first, row) == row for row in range(len(texts))]

    kept, seconds = timed(keep)
    return {"seconds": seconds, "removed": [row for row, kept_ in enumerate(kept) if not kept_]}


def rensa(corpus: dict[str, Any]) -> dict[str, Any]:
    """`RMinHashDeduplicator`, the helper of its README."""
    from rensa import RMinHashDeduplicator

    texts = Corpus(**corpus).read().to_pylist()

    def keep() -> list[bool]:
        helper = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
        return list(helper.add_pairs((str(row), _shingles(text)) for row, text in enumerate(texts)))

    kept, seconds = timed(keep)
    return {"seconds": seconds, "removed": [row for row, kept_ in enumerate(kept) if not kept_]}


def _shingles(text: str) -> list[str]:
    words = _WORD.findall(text.lower())
    return [" ".join(words[i : i + WORDS]) for i in range(max(1, len(words) - WORDS + 1))] if words else []


def _find(first: list[int], row: int) -> int:
    while first[row] != row:
        first[row] = first[first[row]]
        row = first[row]
    return row


def _unite(first: list[int], left: int, right: int) -> None:
    left, right = _find(first, left), _find(first, right)
    if left != right:
        first[max(left, right)] = min(left, right)
