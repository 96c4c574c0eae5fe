"""Values of a row as an adapter needs them: named by the expressions of `fields:`, of the right type, or Unfit."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator

from polymath.config import Words
from polymath.sources.mapping import MISSING, Getter, getter
from polymath.sources.rows import Unfit

T = TypeVar("T")


@cache
def _getter(expression: str) -> Getter:
    return getter(expression, "options")


def _checked(expression: str) -> str:
    _getter(expression)
    return expression


NOT_LITERAL = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)
"""What `ast.literal_eval` raises for text that is no literal: the last two where it nests too deep."""
Expression = Annotated[str, AfterValidator(_checked)]
"""Where a value stands in a row, in the language of `fields:`; checked with the options, before any row is read."""
Expressions = Annotated[Words, AfterValidator(lambda given: tuple(map(_checked, given)))]
"""Several of them."""


def pick(row: Any, expression: str) -> Any:
    """The value at `expression`; None where it is null or the row has no such thing."""
    value = _getter(expression)(row)
    return None if value is MISSING else value


def text(row: Any, expression: str) -> str:
    """The text at `expression`; a number counts as one."""
    value = pick(row, expression)
    if value is None:
        raise Unfit("null_field", f"{expression} is missing or null")
    if not isinstance(value, str | int | float):
        raise Unfit("wrong_type", f"{expression} is {type(value).__name__}, not text")
    return str(value)


def optional(row: Any, expression: str | None) -> str | None:
    """The text at `expression`, None where it is missing, null or blank, or where there is no expression."""
    if expression is None or pick(row, expression) is None:
        return None
    return text(row, expression) if text(row, expression).strip() else None


def listed(row: Any, expression: str) -> list[Any]:
    """The list at `expression`."""
    value = pick(row, expression)
    if value is None:
        raise Unfit("null_field", f"{expression} is missing or null")
    if not isinstance(value, list):
        raise Unfit("wrong_type", f"{expression} is {type(value).__name__}, not a list")
    return value


def some(row: Any, expression: str) -> list[Any]:
    """The list at `expression`, empty where it is missing or null."""
    return [] if pick(row, expression) is None else listed(row, expression)


def distinct(values: Iterable[T]) -> list[T]:
    """The values in their order, each once."""
    return list(dict.fromkeys(values))


def shared(*parts: str | None) -> str:
    """A short name for texts that several records share, so that these stay in one split; equal texts, equal names."""
    joined = "\0".join(part or "" for part in parts)
    return hashlib.blake2b(joined.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def said(**fields: Any) -> dict[str, Any]:
    """The fields that are not null: an `extra` names only what the source says."""
    return {name: value for name, value in fields.items() if value is not None}


def attempt(make: Callable[..., T], *arguments: Any, **options: Any) -> T | Unfit:
    """What `make` returns, or the Unfit it raised: one bad part of a row must not cost the others."""
    try:
        return make(*arguments, **options)
    except Unfit as why:
        return why
