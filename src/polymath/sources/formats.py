"""One file of any format as batches of rows, each row numbered, the unreadable ones set apart with the reason.

To add a format: a reader that yields each row of a file, or `Unreadable` in its place; its name here and in `identify`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count, repeat
from typing import Any, NamedTuple

import pyarrow as pa

from polymath.errors import UserError
from polymath.sources.archives import File
from polymath.sources.csv_rows import read_csv, read_tsv
from polymath.sources.identify import identify
from polymath.sources.json_rows import read_json, read_json_lines
from polymath.sources.options import FormatName, ReadOptions
from polymath.sources.rows import BadRow, Batch, Place
from polymath.sources.streams import Blocks, as_utf8, check_ratio, compression_of, decompress, head_of, spooled
from polymath.sources.tables import NumberedBatch, parts, read_arrow, read_parquet, rows_of
from polymath.sources.text_rows import read_text
from polymath.sources.unreadable import Unreadable, in_one_line
from polymath.sources.xml_rows import read_xml

RowReader = Callable[[Blocks, str, ReadOptions, int], Iterator[Any]]
TableReader = Callable[[Any, ReadOptions, int], Iterator[NumberedBatch]]

ROW_READERS: dict[FormatName, RowReader] = {
    "json": read_json,
    "jsonl": read_json_lines,
    "csv": read_csv,
    "tsv": read_tsv,
    "text": read_text,
    "xml": read_xml,
}
WITH_HEADER: tuple[FormatName, ...] = ("csv", "tsv")
TABLE_READERS: dict[FormatName, TableReader] = {"parquet": read_parquet, "arrow": read_arrow}


class Opened(NamedTuple):
    """A file that was looked at: its format and its decompressed bytes."""

    format: FormatName
    blocks: Blocks
    compressed: bool


def open_format(file: File, options: ReadOptions) -> Opened:
    """Looks at how a file begins; what is no data at all is refused here, in one sentence."""
    raw, blocks = head_of(file.blocks())
    compression, head = compression_of(raw), raw
    if compression:
        head, blocks = head_of(decompress(blocks, compression, file.name, options.max_ratio))
    return Opened(identify(file.name, raw, head, options), blocks, compression is not None)


def read_file(file: File, start: Place, options: ReadOptions) -> Iterator[Batch]:
    """The rows of one file from `start` on."""
    opened = open_format(file, options)
    if opened.format in TABLE_READERS:
        return _read_tables(file, opened, start, options)
    return _read_rows(file, opened, start, options)


class _Meter(Iterator[bytes]):
    """Blocks, and how many bytes were taken since a batch ended: what bounds the batches of every format alike."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self.taken = 0

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self.taken += len(block)
        return block


def _read_rows(file: File, opened: Opened, start: Place, options: ReadOptions) -> Iterator[Batch]:
    meter = _Meter(as_utf8(opened.blocks, options.encoding, file.name))
    most_rows, most_bytes = options.batch_rows, options.batch_bytes
    has_header = opened.format in WITH_HEADER
    rows = ROW_READERS[opened.format](meter, file.name, options, max(start.row - 1, 0))
    if start.row:
        next(rows, None)
        meter.taken = 0  # as after the batch that ended with this row: what follows is cut as in a reading of the whole
    held: list[Any] = []
    for row in rows:
        held.append(row)
        if len(held) >= most_rows or meter.taken >= most_bytes:
            yield _batch(file.name, start, held, has_header)
            start = Place(start.file, start.row + len(held))
            held, meter.taken = [], 0
    if held:
        yield _batch(file.name, start, held, has_header)


def _batch(name: str, start: Place, rows: Iterable[Any], has_header: bool = False) -> Batch:
    """Consecutive rows with their places, the unreadable ones apart."""
    placed = list(zip(map(Place, repeat(start.file), count(start.row)), rows, strict=False))
    bad = [BadRow(place, *row) for place, row in placed if type(row) is Unreadable]
    good = [pair for pair in placed if type(pair[1]) is not Unreadable] if bad else placed
    columns = tuple(good[0][1]) if has_header and good else ()
    return Batch(name, start, rows=good, bad=bad, columns=columns)


def _read_tables(file: File, opened: Opened, start: Place, options: ReadOptions) -> Iterator[Batch]:
    on_disk = file.path and not opened.compressed
    with pa.OSFile(str(file.path)) if on_disk else spooled(opened.blocks) as source:
        tables = _measured(TABLE_READERS[opened.format](source, options, start.row), file, options)
        try:
            yield from table_batches(tables, file.name, start, options)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise UserError(f"{file.name}: is cut off or damaged ({in_one_line(error)}): fetch it again") from error


def _measured(tables: Iterable[NumberedBatch], file: File, options: ReadOptions) -> Iterator[NumberedBatch]:
    """The tables, until they are far more than the file promises: equal values take no space in it, and pages may be packed."""
    unpacked = 0
    for first, table in tables:
        unpacked += table.get_total_buffer_size()
        check_ratio(unpacked, file.bytes, file.name, options.max_ratio)
        yield first, table


def table_batches(tables: Iterable[NumberedBatch], name: str, start: Place, options: ReadOptions) -> Iterator[Batch]:
    """Arrow batches from row `start` on: as they are where every row is sound, else row by row."""
    for first, table in tables:
        for part, sound in parts(table, options, name):
            before, place = max(start.row - first, 0), Place(start.file, max(start.row, first))
            first += len(part)
            part = part.slice(before)
            if len(part) and sound:
                yield Batch(name, place, table=pa.Table.from_batches([part]))
            elif len(part):
                yield _batch(name, place, rows_of(part, options))


def with_ends(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Each batch ends where the next one starts, and the last one with the source."""
    last: Batch | None = None
    for batch in batches:
        if last:
            yield replace(last, end=batch.start)
        last = batch
    if last:
        yield last
