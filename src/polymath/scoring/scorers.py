"""Scorers: how near a reply comes to the one that is wanted, from 0 to 1. A task names its scorers in `BY_TASK`.

EXTEND: one function `(reply, wanted) -> float` per scorer, registered under its name; then name it where it fits.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

from polymath.registry import Registry

scorers = Registry("scorer")

BY_TASK: dict[str, tuple[str, ...]] = {
    "instruct": ("rouge_l", "bleu"),
    "chat": ("rouge_l", "bleu"),
    "extractive_qa": ("exact_match", "f1"),
    "closed_qa": ("exact_match", "f1"),
    "multiple_choice": ("accuracy",),
    "reasoning": ("final_answer", "rouge_l"),
    "summarize": ("rouge_l", "bleu"),
    "classify": ("accuracy",),
    "code": ("bleu", "exact_match"),
}
"""The first of a task's scorers is the one that tells most. Plain text has a loss alone; of a preference
pair it is asked whether the model finds the better reply likelier."""

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
ANSWER = re.compile(r"(?im)^\W*(?:the )?(?:final )?answer(?: is)?\s*:?\s*(.+?)\W*$")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Letters of scripts that put no spaces between words: Thai and Lao, Burmese, Khmer, Japanese, Chinese."""


def normalised(text: str) -> str:
    """As SQuAD compares answers (Rajpurkar 2016): lower case, without ASCII punctuation, articles and spare whitespace."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def words(text: str) -> list[str]:
    """The words of a normalised text; letters of scripts without spaces are a word each, with the marks that they carry."""
    found: list[str] = []
    for word in normalised(text).split():
        if UNSPACED.search(word):
            found += clusters(word)
        else:
            found.append(word)
    return found


def clusters(word: str) -> list[str]:
    """Characters with their combining marks."""
    found: list[str] = []
    for character in word:
        if found and unicodedata.category(character) == "Mn":
            found[-1] += character
        else:
            found.append(character)
    return found


@scorers.register
def exact_match(reply: str, wanted: str) -> float:
    """1 where both are the same once they are normalised (`normalised`), else 0."""
    return float(normalised(reply) == normalised(wanted))


@scorers.register
def f1(reply: str, wanted: str) -> float:
    """The harmonic mean of precision and recall of words (SQuAD's F1), with characters where words have no spaces."""
    said, asked = words(reply), words(wanted)
    if not said or not asked:
        return float(said == asked)
    common = sum((Counter(said) & Counter(asked)).values())
    return 2 * common / (len(said) + len(asked))


@scorers.register
def accuracy(reply: str, wanted: str) -> float:
    """1 where the reply names the wanted class or option: its first line is it, or its letter is the wanted one's letter."""
    first, target = (normalised(_first_line(text)) for text in (reply, wanted))
    if first == target:
        return 1.0
    letters = [_letter(_first_line(text)) for text in (reply, wanted)]
    return float(letters[0] is not None and letters[0] == letters[1])


@scorers.register
def final_answer(reply: str, wanted: str) -> float:
    """1 where both come to the same answer: what stands behind the last `Answer:`, else the last number, else the last line."""
    return float(_final(reply) == _final(wanted))


@scorers.register
def rouge_l(reply: str, wanted: str) -> float:
    """ROUGE-L (Lin 2004): the F-measure of the longest common subsequence of words."""
    said, asked = words(reply), words(wanted)
    if not said or not asked:
        return float(said == asked)
    return 2 * _common_subsequence(said, asked) / (len(said) + len(asked))


@scorers.register
def bleu(reply: str, wanted: str) -> float:
    """Sentence BLEU (Papineni 2002) by sacrebleu, up to 4-grams with exponential smoothing, as a share of 1."""
    from sacrebleu import sentence_bleu

    return min(float(sentence_bleu(reply, [wanted], tokenize="char" if UNSPACED.search(wanted) else "13a").score) / 100, 1.0)


def _first_line(text: str) -> str:
    return next((line for line in text.strip().splitlines() if line.strip()), "")


def _letter(line: str) -> str | None:
    """The letter that an answer begins with: `B`, `(B) blue`, `B. blue`, `B) blue`."""
    found = re.match(r"\(?([A-Za-z])(?:[).:]|$)", line.strip())
    return found[1].upper() if found else None


def _final(text: str) -> str:
    answers = ANSWER.findall(text)
    said = answers[-1] if answers else text
    numbers = NUMBER.findall(said)
    if numbers:
        return str(float(numbers[-1].replace(",", "")))
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return normalised(lines[-1]) if lines else ""


def _common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest common subsequence, in memory of one row."""
    row = [0] * (len(second) + 1)
    for word in first:
        before = 0
        for place, other in enumerate(second, 1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return row[-1]
