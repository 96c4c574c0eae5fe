"""Rows of csv and tsv: every cell is a string as it stands, so that "None", "N/A" and "" stay what they are."""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from polymath.errors import UserError
from polymath.sources.columns import unique_names
from polymath.sources.options import ReadOptions
from polymath.sources.streams import Blocks, lines
from polymath.sources.unreadable import Unreadable, bad_utf8, excerpt, too_long


def read_csv(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """Records after the first `skip` as dicts; the header is no record."""
    return _read(blocks, name, options, skip, options.delimiter or ",")


def read_tsv(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """As `read_csv`, with tabs between the cells."""
    return _read(blocks, name, options, skip, options.delimiter or "\t")


def _read(blocks: Blocks, name: str, options: ReadOptions, skip: int, delimiter: str) -> Iterator[Any]:
    # A limit of the whole process that cannot be set per reader; rows are measured here instead.
    csv.field_size_limit(max(csv.field_size_limit(), options.max_row_bytes))
    text = _RecordLines(lines(blocks, options.max_row_bytes), name, options, delimiter)
    reader = csv.reader(
        text,
        delimiter=delimiter,
        quotechar=options.quote or None,
        quoting=csv.QUOTE_MINIMAL if options.quote else csv.QUOTE_NONE,
    )
    records = _records(reader, text, options)
    columns = options.columns or _header(next(records, []), name)
    for record in islice(records, skip, None):
        if type(record) is Unreadable:
            yield record
        elif len(record) == len(columns):
            yield dict(zip(columns, record, strict=True))
        else:
            detail = f"{len(record)} cells where there are {len(columns)} columns"
            yield Unreadable("bad_row", detail, excerpt(delimiter.join(record)))


def _header(record: list[str] | Unreadable, name: str) -> list[str]:
    """The names of the columns."""
    if type(record) is Unreadable:
        raise UserError(f"{name}: the header cannot be read ({record.detail}): mend it, or name its `columns`")
    return unique_names(record)


class _LineTooLong(Exception):
    """One line of a record is longer than a row may be; the next line starts the next record."""


class _RecordLines(Iterator[str]):
    """Lines as csv.reader asks for them: what belongs to one record is measured, and bad bytes in it are noticed."""

    def __init__(self, source: Iterator[bytes], name: str, options: ReadOptions, delimiter: str) -> None:
        self._source = enumerate(source, 1)
        self._name = name
        self._limit = options.max_row_bytes
        self._plain_text = re.compile(rf"[^\r\n{re.escape(delimiter + options.quote)}]+".encode())
        self.next_record()

    def next_record(self) -> None:
        """What is asked for from now on belongs to the next record."""
        self._size = self._line = 0
        self.first = b""
        self.bad_bytes: Unreadable | None = None

    def is_too_long(self) -> bool:
        """Whether the record at hand is longer than a row may be."""
        return self._size > self._limit

    def __next__(self) -> str:
        number, line = next(self._source, (0, b""))
        if not line:
            if self._size:  # the reader is inside a cell and wants more
                raise UserError(
                    f"{self._name}: the quote opened in the record at line {self._line} is never closed: "
                    "fetch the file again, or set `quote: ''` if quotes are ordinary text in it"
                )
            raise StopIteration
        if not self._size:
            self._line, self.first = number, line
        self._size += len(line)
        if len(line) > self._limit:
            raise _LineTooLong
        if self.is_too_long():
            # Only what tells where the record ends still goes to the reader, which holds all it gets.
            return self._plain_text.sub(b"x", line).decode()
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.bad_bytes = bad_utf8(line, error)
            return line.decode("utf-8", "replace")


def _records(reader: Iterator[list[str]], text: _RecordLines, options: ReadOptions) -> Iterator[list[str] | Unreadable]:
    """The cells of each record that is not blank."""
    while True:
        text.next_record()
        try:
            record = next(reader)
        except StopIteration:
            return
        except _LineTooLong:
            record = []
        if text.is_too_long():
            yield too_long(text.first, options.max_row_bytes)
        elif text.bad_bytes:
            yield text.bad_bytes
        elif record:
            yield record
