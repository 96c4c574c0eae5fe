"""Why a row could not be read: one word, what exactly was wrong, and how the row begins."""

from typing import NamedTuple

from polymath.errors import printable
from polymath.sources.options import MB

EXCERPT_CHARS = 200


class Unreadable(NamedTuple):
    """Stands in the place of a row that is there but says nothing that can be used."""

    reason: str
    detail: str
    excerpt: str


def excerpt(row: bytes | str) -> str:
    """The first characters of a row, with everything that a terminal or a table would choke on escaped."""
    # A character has at most four bytes, so this cut leaves enough and never copies a long row.
    text = row[: 4 * EXCERPT_CHARS]
    text = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    return printable(text[:EXCERPT_CHARS])[:EXCERPT_CHARS]


def in_one_line(error: BaseException) -> str:
    """What a library says, fit for a sentence of ours: it may hold line ends, or bytes of the file."""
    return excerpt(" ".join(str(error).split()))


def bad_utf8(row: bytes, error: UnicodeDecodeError) -> Unreadable:
    """A row whose bytes are not UTF-8."""
    detail = f"byte 0x{error.object[error.start]:02x} at {error.start} is not UTF-8: has the file another `encoding`?"
    return Unreadable("bad_utf8", detail, excerpt(row))


def too_long(row: bytes | str, limit: int, hint: str = "") -> Unreadable:
    """A row of more than `limit` bytes; only its beginning was kept."""
    return Unreadable("too_long", f"longer than {limit / MB:g} MB{hint}", excerpt(row))


def too_deep(row: bytes | str, max_depth: int) -> Unreadable:
    """A row with more nested brackets or elements than `max_depth`."""
    return Unreadable("too_deep", f"nested more than {max_depth} deep", excerpt(row))
