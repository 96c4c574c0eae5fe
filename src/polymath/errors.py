"""Errors a person can act on: one sentence with the thing, its place, its value and the way out."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """Something the user named, wrote or pointed to is wrong; the message says what, where and how to mend it.

    The command line prints the message alone and exits with 1; the traceback goes to the log.
    """

    def __init__(self, message: str, lines: Iterable[str] = ()) -> None:
        """`message`: one sentence; what names and values in it would do to a terminal is escaped. `lines`: shown below it."""
        super().__init__("\n".join([printable(message), *(f"  {printable(line)}" for line in lines)]))


def printable(text: str) -> str:
    """The text with everything that a terminal or a table would choke on escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


LONGEST_NAME = 60
"""Characters of a known name that a message shows: names of columns are data too."""


def choices(value: object, known: Iterable[str]) -> str:
    """`did you mean 'squad_v2'? Known: a, b, c` for an unknown name; the nearest known name first, the list cut at thirty."""
    names = sorted(str(name)[:LONGEST_NAME] for name in known)
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")
    return f"{hint}Known: {shown or 'none'}"


def unknown(place: str, value: object, kind: str, known: Iterable[str]) -> UserError:
    """The error for a name that is not in a registry or a library, e.g. `run.sources: 'squda' is not a source; ...`."""
    article = "an" if kind[:1] in "aeiou" else "a"
    return UserError(f"{place}: {value!r} is not {article} {kind}; {choices(value, known)}")
