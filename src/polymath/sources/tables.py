"""Rows of parquet and Arrow files as tables, batch by batch; only a batch with a bad row in it goes through Python."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polymath.errors import UserError
from polymath.sources.columns import unique_names
from polymath.sources.options import ReadOptions
from polymath.sources.streams import BLOCK
from polymath.sources.unreadable import Unreadable, bad_utf8, in_one_line, too_long

NO_OBJECT = (ValueError, OverflowError, KeyError)
"""What pyarrow raises for a value that no Python object can stand for."""
PROBE_ROWS = 16
"""Rows by which the size of the first batch of a parquet file is told: what its metadata says are encoded bytes."""
NumberedBatch = tuple[int, pa.RecordBatch]
"""A batch of a file, and the number of its first row in the file."""
BYTES_FOR_TEXT = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def read_parquet(source: Any, options: ReadOptions, skip: int) -> Iterator[NumberedBatch]:
    """Batches of a parquet file, whole, from the one with row `skip` in it; row groups before it are not read.

    Where batches end depends on the file alone: what is read from the middle on must be cut as in a reading of the whole.
    """
    # So a column of a large row group is read page by page; by default it would be in memory whole.
    file = pq.ParquetFile(source, buffer_size=BLOCK, pre_buffer=False)
    probe = next(file.iter_batches(batch_size=PROBE_ROWS), None)
    row_bytes = probe.nbytes / len(probe) if probe else 0.0  # encoded, equal values take next to nothing
    first = 0
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        if skip >= first + group.num_rows:
            first += group.num_rows
            continue
        size = max(group.total_byte_size, int(row_bytes * group.num_rows))
        for batch in file.iter_batches(batch_size=_rows_per_batch(group.num_rows, size, options), row_groups=[number]):
            yield first, batch
            first += len(batch)


def read_arrow(source: Any, options: ReadOptions, skip: int) -> Iterator[NumberedBatch]:
    """Batches of an Arrow file or stream (what `save_to_disk` of datasets writes), from the one with row `skip` in it."""
    first = 0
    for batch in _arrow_batches(source):
        if skip < first + len(batch):
            yield first, batch
        first += len(batch)


def _arrow_batches(source: Any) -> Iterator[pa.RecordBatch]:
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        yield from pa.ipc.open_stream(source)
        return
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def parts(batch: pa.RecordBatch, options: ReadOptions, name: str) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """The batch in parts of about `batch_rows` and `batch_mb`, and whether every row of a part can be used as it is.

    Offsets that point outside the file's bytes crash whoever looks at them (even to measure), so the check comes first.
    """
    if len(set(batch.schema.names)) < batch.num_columns:
        batch = batch.rename_columns(unique_names(batch.schema.names))
    layout = _with_bytes(pa.struct(list(batch.schema)))  # a name that is not UTF-8 fails here, not somewhere later
    sound = _is_valid(batch)
    if not sound:
        _check_structure(batch, layout, name)
    step = _rows_per_batch(len(batch), batch.nbytes, options)
    for start in range(0, len(batch), step):
        part = batch.slice(start, step)
        yield part, part.nbytes <= options.max_row_bytes and (sound or _is_valid(part))


def _check_structure(batch: pa.RecordBatch, layout: pa.StructType, name: str) -> None:
    """Raises UserError when more than the encoding of text is wrong; `layout` has bytes in the place of text."""
    try:
        for column, field in zip(batch.columns, layout.fields, strict=True):
            column.view(field.type).validate(full=True)
    except pa.ArrowException as error:
        raise UserError(f"{name}: the table is damaged ({in_one_line(error)}): fetch it again") from error


def _is_valid(batch: pa.RecordBatch) -> bool:
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _rows_per_batch(rows: int, size: int, options: ReadOptions) -> int:
    return max(min(options.batch_rows, rows * options.batch_bytes // max(size, 1)), 1)


def _with_bytes(kind: pa.DataType) -> pa.DataType:
    """The type of the same layout that has bytes in the place of text, which need not be UTF-8."""
    if kind in BYTES_FOR_TEXT:
        return BYTES_FOR_TEXT[kind]
    if isinstance(kind, pa.BaseExtensionType):
        return _with_bytes(kind.storage_type)
    if isinstance(kind, pa.StructType):
        return pa.struct([pa.field(field.name, _with_bytes(field.type)) for field in kind])
    if isinstance(kind, pa.ListType):
        return pa.list_(kind.value_field.with_type(_with_bytes(kind.value_type)))
    if isinstance(kind, pa.LargeListType):
        return pa.large_list(kind.value_field.with_type(_with_bytes(kind.value_type)))
    if isinstance(kind, pa.FixedSizeListType):
        return pa.list_(kind.value_field.with_type(_with_bytes(kind.value_type)), kind.list_size)
    if isinstance(kind, pa.MapType):
        return pa.map_(_with_bytes(kind.key_type), kind.item_field.with_type(_with_bytes(kind.item_type)))
    if isinstance(kind, pa.DictionaryType):
        return pa.dictionary(kind.index_type, _with_bytes(kind.value_type))
    return kind


def rows_of(batch: pa.RecordBatch, options: ReadOptions) -> Iterator[dict[str, Any] | Unreadable]:
    """The rows of a batch one by one, so that a bad one costs only itself."""
    for number in range(len(batch)):
        row = batch.slice(number, 1)
        value = row_at(row, 0)
        is_long = row.nbytes > options.max_row_bytes and type(value) is not Unreadable
        yield too_long(str(value)[:1000], options.max_row_bytes) if is_long else value


def row_at(table: pa.Table | pa.RecordBatch, number: int) -> dict[str, Any] | Unreadable:
    """One row as Python objects, or why it cannot be one: Arrow holds years, time zones and keys that Python does not."""
    try:
        return table.slice(number, 1).to_pylist()[0]
    except UnicodeDecodeError as error:
        return bad_utf8(error.object, error)
    except NO_OBJECT as error:
        return Unreadable("bad_value", f"a value that Python cannot hold ({in_one_line(error)})", "")
