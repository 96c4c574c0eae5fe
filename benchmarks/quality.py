"""How good a removal of near-duplicates is, against the exact truth of the corpus."""

import unicodedata
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from benchmarks.corpus import Corpus

THRESHOLD = 0.8


def recall(corpus: Corpus, removed: Sequence[int]) -> float:
    """The share of pairs at `THRESHOLD` or more, of texts written with spaces, of which not both are kept."""
    i, j, similarity = corpus.pairs()
    kept = np.ones(corpus.documents, bool)
    kept[list(removed)] = False
    wanted = (similarity >= THRESHOLD) & spaced(corpus)[i]
    return float(1 - (kept[i[wanted]] & kept[j[wanted]]).mean()) if wanted.any() else 1.0


def precision(corpus: Corpus, removed: Sequence[int]) -> float:
    """The share of removed documents that have a partner at `THRESHOLD` or more, kept or not."""
    i, j, similarity = corpus.pairs()
    best = np.zeros(corpus.documents)
    np.maximum.at(best, i, similarity)
    np.maximum.at(best, j, similarity)
    return float((best[list(removed)] >= THRESHOLD).mean()) if len(removed) else 1.0


def spaced(corpus: Corpus) -> np.ndarray:
    """Which documents are written with spaces between words: bool[documents]."""
    from polymath.text.buffers import as_strings
    from polymath.text.scripts import main_scripts
    from polymath.text.unicode import SCRIPTS, UNSPACED

    main = main_scripts(as_strings(corpus.read()))
    return ~np.isin(main, [SCRIPTS.index(name) for name in (*UNSPACED, "Jpan")])


def unfounded(corpus: Corpus, removed: Sequence[int], keepers: Sequence[int]) -> int:
    """How many removals do not hold: the keeper is removed itself, or plain Python finds the two less similar.

    Shingles as curate makes them: five words, three in texts under fifty, ten characters where words have no spaces.
    """
    texts, gone = corpus.read(), set(removed)
    wrong = 0
    for row, keeper in zip(removed, keepers, strict=True):
        left, right = (shingles(texts[each].as_py()) for each in (row, keeper))
        alike = len(left & right) / max(len(left | right), 1)
        wrong += keeper in gone or alike < THRESHOLD - 1e-6
    return wrong


def shingles(text: str) -> set[tuple[str, ...]]:
    """The shingles of one text, restated on plain strings."""
    from polymath.text import unicode

    letters = [char for char in text if unicodedata.category(char)[0] == "L"]
    unspaced = sum(unicode.SCRIPTS[unicode.scripts()[ord(char)]] in unicode.UNSPACED for char in letters)
    if unspaced and 2 * unspaced >= len(letters):
        units, gram = [_lower(char) for char in text if _is_word(char)], 10
    else:
        units = ["".join(map(_lower, run)) for is_word, run in groupby(text, _is_word) if is_word]
        gram = 3 if len(units) < 50 else 5
    return {(str(gram), *units[i : i + gram]) for i in range(max(min(len(units), 1), len(units) - gram + 1))}


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def _lower(char: str) -> str:
    return char.lower() if len(char.lower()) == 1 else char
