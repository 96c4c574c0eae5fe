"""How much replies differ from one another, over `units`: words, and characters where words are written without spaces."""

from collections.abc import Sequence

from polymath.scoring.units import grams, units


def distinct_n(texts: Sequence[str], n: int) -> float:
    """Different n-grams over all n-grams of all texts together (distinct-n, Li 2016, 1510.03055); 0 where there are none.

    It falls with the length of the texts, so that only collections of like length compare.
    """
    found = [gram for text in texts for gram in grams(units(text), n)]
    return len(set(found)) / len(found) if found else 0.0


def self_bleu(texts: Sequence[str], n: int = 4) -> list[float]:
    """BLEU of each text with all the others as references, 0 to 1; their mean is self-BLEU (Zhu 2018, 1802.01886).

    As in Texygen: n-grams up to `n`, 0.1 in place of no match (method 1 of Chen 2014). A text of fewer than `n` units is
    compared by the n-grams that it has, so that equal short texts get 1. An empty text gets 1 beside another one, else 0.
    """
    from sacrebleu.metrics import BLEU

    bleu = BLEU(tokenize="none", smooth_method="floor", smooth_value=0.1, effective_order=True, max_ngram_order=n)
    spaced = [" ".join(units(text)) for text in texts]
    scores = []
    for number, text in enumerate(spaced):
        others = spaced[:number] + spaced[number + 1 :]
        scores.append(bleu.sentence_score(text, others).score / 100 if text else float("" in others))
    return [min(score, 1.0) for score in scores]
