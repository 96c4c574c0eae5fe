"""Questions that a docstring answers in its own words, and some that it does not answer."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from polymath.store.digest import fold

MIN_WORDS, MAX_WORDS = 15, 500
"""Docstrings shorter than a passage, or long enough to be a book, ask nothing."""
MAX_SPAN_WORDS = 40
UNANSWERED_SHARE = 0.25
"""Of the docstrings that leave a question open, how many ask it: a third of all questions, as in SQuAD 2.0."""
ERRORS = ("ValueError", "TypeError", "KeyError", "IndexError", "OSError", "RuntimeError")

_ERROR = r"`{0,2}(?P<error>[A-Z]\w*(?:Error|Exception|Warning|Iteration|Interrupt|Empty|Full))`{0,2}"
_NO_PARAMETER = {"and", "or", "as", "it", "this", "that", "which", "about", "also", "argument", "parameter", "value", "default"}
_CLAUSE = r"(?P<span>(?:if|when|unless|whenever|on)\s(?:[^.;:]|[.:](?!\s|$))+)"
_RETURNS = re.compile(r"(?:^|[.;]\s+|\n[ \t]*)Returns?:?\s+(?P<span>(?!self\b|If\b|-)(?:[^.;:]|[.:](?!\s|$))+)")
_RAISES = re.compile(rf"\b[Rr]ais(?:es?|ing)\s+(?:an?\s+|the\s+)?(?:exception\s+)?{_ERROR}(?:\s+exception)?,?\s+{_CLAUSE}")
_RAISED = re.compile(rf"{_ERROR}(?:\s+exception)?\s+(?:is|are|will\s+be|gets)\s+raised\s+{_CLAUSE}")
_DEFAULT = re.compile(
    r"(?P<name>\b[a-z]\w*)['\"`*]{0,2},?\s+(?:argument\s+|parameter\s+)?(?:which\s+)?defaults?\s+(?:is|to)\s+"
    r"(?P<span>(?:(?!\s(?:and|but|which|if|when|unless)\s)(?:[^.;,:()]|[.,:](?!\s|$)))+)"
)


class Question(NamedTuple):
    """A question about a name, and the exact span of its docstring that answers it; None when there is none."""

    text: str
    answer: str | None


def questions(name: str, kind: str, doc: str) -> Iterator[Question]:
    """The questions that the docstring of `name` answers, then perhaps one that it leaves open."""
    if not MIN_WORDS <= len(doc.split()) <= MAX_WORDS:
        return
    asked: set[str] = set()
    for question in _answered(name, kind, doc):
        if question.text not in asked and _is_span(question.answer or ""):
            asked.add(question.text)
            yield question
    if kind in ("function", "method") and fold(name, "open questions") < UNANSWERED_SHARE:
        yield from _open(name, doc)


def _answered(name: str, kind: str, doc: str) -> Iterator[Question]:
    if kind in ("function", "method") and (found := _RETURNS.search(doc)):
        yield Question(f"What does {name} return?", _span(found))
    for found in (*_RAISES.finditer(doc), *_RAISED.finditer(doc)):
        yield Question(f"When does {name} raise {found['error']}?", _span(found))
    for found in _DEFAULT.finditer(doc):
        if found["name"] not in _NO_PARAMETER:
            yield Question(f"What does {found['name']} default to in {name}?", _span(found))


def _open(name: str, doc: str) -> Iterator[Question]:
    """A question of the same kinds about which the docstring says nothing at all."""
    said = doc.casefold()
    if not re.search(r"rais|error|exception|warning", said):
        error = ERRORS[int(fold(name, "which error") * len(ERRORS))]
        yield Question(f"When does {name} raise {error}?", None)
    elif not re.search(r"return|yield|give|produc|result|->", said):
        yield Question(f"What does {name} return?", None)


def _span(found: re.Match[str]) -> str:
    """What was found, as far as its paragraph goes."""
    return found["span"].split("\n\n", 1)[0].rstrip(" .\n")


def _is_span(span: str) -> bool:
    return 0 < len(span.split()) <= MAX_SPAN_WORDS and any(char.isalnum() for char in span)
