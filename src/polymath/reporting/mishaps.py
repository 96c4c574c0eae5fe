"""Errors as one sentence: what a person can mend, without what only a programmer can read."""

import re
from collections.abc import Iterator

from polymath.errors import UserError

_PARAMETER = re.compile(
    r"- Parameter '(?P<key>[^']+)': (?:Failed to instantiate \w+ for parameter '[^']+': )?(?P<text>.*)", re.DOTALL
)


def sentence(error: BaseException) -> str:
    """The first of our own errors in the chain of causes, else what can be said of any other."""
    from kedro.validation.exceptions import ParameterValidationError

    for cause in _causes(error):
        if isinstance(cause, UserError):
            return str(cause)
        if isinstance(cause, ParameterValidationError):
            return _parameters(str(cause))
    return f"{type(error).__name__}: {error}\n(the traceback is in logs/polymath.log)"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _parameters(message: str) -> str:
    """Kedro's list of parameter errors as `key.path: what is wrong`, the first one in full."""
    problems = message.split("\n- ")[1:]
    found = _PARAMETER.match("- " + problems[0]) if problems else None
    if found is None:
        return message
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{found['key']}.{found['text'].strip()}{more}"
