"""Errors a person can act on: one sentence with the thing, its place, its value and the way out."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something the user named, wrote or pointed to is wrong; the message says what, where and how to mend it.

    The command line prints the message alone and exits with 1; the traceback goes to the log.
    """


def choices(value: object, known: Iterable[str]) -> str:
    """`did you mean 'squad_v2'? Known: a, b, c` for an unknown name; the nearest known name first, the list cut at thirty."""
    names = sorted(str(name) for name in known)
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return f"{hint}Known: {shown or 'none'}"


def unknown(place: str, value: object, kind: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not in a registry or a library, e.g. `run.sources: 'squda' is not a source; ...`."""
    return UserError(f"{place}: {value!r} is not a {kind}; {choices(value, known)}")
