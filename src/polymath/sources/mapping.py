"""`fields:` of a source entry: record field -> expression over a row.

question              a column
answers.text          through objects; through a list of objects it gives the list of their values
choices[0]            one element of a list
output|response       the first that is neither missing, null nor empty
title+body            both, a blank line between; missing ones are left out
'Who said it?'        a constant
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from polymath.errors import UserError

_STEP = re.compile(r"([^.\[\]]+)|\[(-?\d+)\]")
_PLAIN = re.compile(r"[^.\[\]|+']+")
MISSING = object()
"""What a path gives that a row does not have; null is something else."""

Getter = Callable[[Any], Any]


def is_column(expression: str) -> bool:
    """Whether the expression is a plain column name, so that a table need not become Python rows."""
    return bool(_PLAIN.fullmatch(expression))


def first_names(expression: str) -> tuple[str, ...]:
    """The columns any of which the expression can begin with; none when a constant is among them."""
    terms = [expression] if _is_constant(expression) else [t.strip() for part in expression.split("|") for t in part.split("+")]
    if any(_is_constant(term) for term in terms):
        return ()
    return tuple(found[1] for term in terms if (found := _STEP.match(term)) and found[1])


def getter(expression: str, place: str) -> Getter:
    """The expression as a function of a row; it returns MISSING where the row has no such key."""
    alternatives = (
        [_sum(part, place) for part in expression.split("|")] if not _is_constant(expression) else [_sum(expression, place)]
    )
    if len(alternatives) == 1:
        return alternatives[0]

    def first(row: Any) -> Any:
        values = [get(row) for get in alternatives]
        found = [value for value in values if value is not MISSING]
        return next((v for v in found if v not in (None, "", [])), found[0] if found else MISSING)

    return first


def _sum(expression: str, place: str) -> Getter:
    terms = (
        [_term(part.strip(), place) for part in expression.split("+")]
        if not _is_constant(expression)
        else [_term(expression, place)]
    )
    if len(terms) == 1:
        return terms[0]

    def together(row: Any) -> Any:
        values = [get(row) for get in terms]
        if all(value is MISSING for value in values):
            return MISSING
        return "\n\n".join(str(value) for value in values if value is not MISSING and value not in (None, ""))

    return together


def _term(expression: str, place: str) -> Getter:
    if _is_constant(expression):
        return lambda row: expression[1:-1]
    steps = [int(index) if index else name for name, index in _STEP.findall(expression)]
    if not steps or "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).lstrip(".") != expression:
        raise UserError(f"{place}: {expression!r} is not a path; write it like question, answers.text or choices[0]")
    return lambda row: _follow(row, steps)


def _is_constant(expression: str) -> bool:
    return len(expression) >= 2 and expression[0] == expression[-1] == "'" and "'" not in expression[1:-1]


def _follow(value: Any, steps: list[Any]) -> Any:
    for number, step in enumerate(steps):
        if isinstance(value, list) and isinstance(step, str):
            found = [_follow(element, steps[number:]) for element in value]
            return MISSING if found and all(element is MISSING for element in found) else found
        if isinstance(step, int):
            if not isinstance(value, list):
                return MISSING
            value = value[step] if -len(value) <= step < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(step, MISSING)
        else:
            return MISSING if value is not None else None
        if value is MISSING:
            return MISSING
    return value
