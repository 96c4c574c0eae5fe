"""Questions with options and pairs with a grade, in the many shapes in which datasets say which one is right."""

import math
import string
from typing import Any

from polymath.pipelines.curate.adapters.kinds import Records, adapters
from polymath.pipelines.curate.adapters.values import Expression, Expressions, optional, pick, some, text
from polymath.sources.rows import Unfit
from polymath.store.digest import fold

LONGEST_NUMBER = 9
"""Digits of a label: Python itself refuses to read numbers of thousands of them."""


@adapters.register
def choices(
    row: Any,
    *,
    prompt: Expression = "question",
    context: Expression | None = None,
    options: Expressions = ("choices",),
    label: Expression = "label|answerKey|answer",
    right: Expression | None = None,
    names: tuple[str, ...] = (),
    first: int = 0,
) -> Records:
    """A question, its options and which is right.

    `options` is one column (a list, `{label, text}` columns, or a list of such objects) or a column an option; `names` are
    options that are the same for all rows. The label is a number counted from `first`, a letter, one of the options' own
    labels, or an option's text. With `right`, that column holds the right option and `options` the wrong ones: its place is
    then drawn by a hash of the question, or the first place would give it away.
    """
    question = text(row, prompt)
    keys: list[str] = []
    if names:
        texts = list(names)
    elif len(options) > 1:
        texts = [text(row, option) for option in options]
    else:
        keys, texts = _keyed(pick(row, options[0]), options[0])
    if right is not None:
        number = int(fold(question, "choices") * (len(texts) + 1))
        texts.insert(number, text(row, right))
    else:
        number = _number(pick(row, label), keys, first)
    yield {"prompt": question, "context": optional(row, context), "choices": texts, "label": number}


@adapters.register
def copa(row: Any) -> Records:
    """SuperGLUE's COPA: what caused the premise, or what came of it; `question` says which."""
    asked = {"cause": "What was the cause of this?", "effect": "What happened as a result?"}
    kind = text(row, "question")
    if kind not in asked:
        raise Unfit("wrong_type", f"question is {kind!r}, neither 'cause' nor 'effect'")
    question = f"{text(row, 'premise')}\n{asked[kind]}"
    yield {"prompt": question, "choices": [text(row, "choice1"), text(row, "choice2")], "label": pick(row, "label")}


@adapters.register
def graded(
    row: Any, *, first: Expression = "sentence1", second: Expression = "sentence2", score: Expression = "label"
) -> Records:
    """Two texts and how alike they are, from 0 up to the last of the entry's `labels`: the nearest whole grade is the class."""
    given = text(row, score)
    try:
        grade = float(given)
    except ValueError as error:
        raise Unfit("wrong_type", f"{score} is {given!r}, not a number") from error
    if not math.isfinite(grade) or grade < 0:
        raise Unfit("no_label", f"{score} is {grade:g} (a test split?)")
    # Halves go up: Python's own rounding would send 0.5 and 1.5 to even grades.
    yield {"context": text(row, first), "text": text(row, second), "label": math.floor(grade + 0.5)}


def _keyed(value: Any, name: str) -> tuple[list[str], list[str]]:
    """The options' own labels, where they have any, and their texts."""
    if isinstance(value, dict):
        return _strings(some(value, "label"), name), _strings(value.get("text"), name)
    if isinstance(value, list) and value and all(isinstance(option, dict) for option in value):
        return [str(pick(option, "label")) for option in value], [text(option, "text") for option in value]
    return [], _strings(value, name)


def _strings(value: Any, name: str) -> list[str]:
    if value is None:
        raise Unfit("null_field", f"{name} is missing or null")
    if not isinstance(value, list) or not all(isinstance(option, str | int | float) for option in value):
        raise Unfit("wrong_type", f"{name} is not a list of texts")
    return [str(option) for option in value]


def _number(label: Any, keys: list[str], first: int) -> Any:
    """The number of the right option, from 0; what cannot be understood here is left to the check of the record."""
    given = str(label).strip()
    if given in keys:
        return keys.index(given)
    if given in ("", "-1", "None"):
        return None
    if given.removeprefix("-").isdecimal() and len(given) <= LONGEST_NUMBER:
        return int(given) - first
    if len(given) == 1 and given in string.ascii_uppercase:
        return string.ascii_uppercase.index(given)
    return label
