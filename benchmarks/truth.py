"""Which documents are near-duplicates, exactly: sets of five words in a row, every pair with a Jaccard of 0.5 or more.

Plain Python on purpose: it shares no code with what it judges.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

WORDS = 5
LEAST = 0.5
_WORD = re.compile(r"\w+")


def shingles(text: str, words: int = WORDS) -> set[str]:
    """All runs of `words` lower-cased words; a shorter text is one run."""
    found = _WORD.findall(text.lower())
    return {" ".join(found[i : i + words]) for i in range(max(len(found) - words + 1, 1))} if found else set()


def jaccard(left: set[str], right: set[str]) -> float:
    """The intersection's size over the union's."""
    common = len(left & right)
    return common / max(len(left) + len(right) - common, 1)


def near_duplicates(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows i < j and similarity of every pair at `LEAST` or more (prefix filter: Bayardo, Ma and Srikant 2007)."""
    sets = [shingles(text) for text in texts]
    frequency = Counter(shingle for each in sets for shingle in each)
    posted: defaultdict[str, list[int]] = defaultdict(list)
    pairs: list[tuple[int, int, float]] = []
    for j, mine in enumerate(sets):
        for i in sorted(_candidates(mine, frequency, posted, j)):
            similarity = jaccard(sets[i], mine)
            if similarity >= LEAST:
                pairs.append((i, j, similarity))
    columns = list(zip(*pairs, strict=True)) or [(), (), ()]
    return np.array(columns[0], np.int64), np.array(columns[1], np.int64), np.array(columns[2], np.float64)


def _candidates(mine: set[str], frequency: Counter[str], posted: defaultdict[str, list[int]], row: int) -> Iterable[int]:
    """Earlier rows that share one of the rarest shingles; the row's own are posted for later ones."""
    ordered = sorted(mine, key=lambda shingle: (frequency[shingle], shingle))
    prefix = ordered[: len(ordered) - math.ceil(LEAST * len(ordered)) + 1]
    found = {i for shingle in prefix for i in posted[shingle]}
    for shingle in prefix:
        if frequency[shingle] > 1:
            posted[shingle].append(row)
    return found
