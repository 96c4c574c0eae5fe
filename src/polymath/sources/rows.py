"""What reading a source yields: batches of rows, each row with its place, and the rows that could not be read."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa


class Place(NamedTuple):
    """Where a row stands: the ordinal of its file among the source's files, and its number in that file (both from 0)."""

    file: int
    row: int


class BadRow(NamedTuple):
    """A row that was read in vain: it is quarantined with its place, a reason, and the start of what stood there."""

    place: Place
    reason: str
    """One word of a small vocabulary: bad_utf8, bad_json, bad_row, too_long, too_deep, null_field, wrong_type, ..."""
    detail: str
    """What exactly was wrong, for a person."""
    excerpt: str
    """At most 200 characters of the row, made printable."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of one file: Python objects with their places, or a table whose rows follow `start` one by one."""

    file: str
    """The file's name relative to the source's root, `archive.zip/member.json` inside an archive."""
    start: Place
    rows: list[tuple[Place, Any]] = field(default_factory=list)
    table: pa.Table | None = None
    bad: list[BadRow] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    """The names that every row of the file has, where its header says so (csv); rows of other kinds name their own."""
    end: Place | None = None
    """Where reading goes on after this batch, so that a killed run continues here; None stands for the end of the source."""


class Unfit(ValueError):
    """Raised for a row that cannot become a record: it is quarantined with `reason` (one word) and `detail`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


BEGINNING = Place(0, 0)
"""Where reading a source begins."""
