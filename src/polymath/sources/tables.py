"""Rows of parquet and Arrow files as tables, batch by batch; only a batch with a bad row in it goes through Python."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from polymath.errors import UserError
from polymath.sources.options import ReadOptions
from polymath.sources.streams import BLOCK
from polymath.sources.unreadable import Unreadable, bad_utf8, in_one_line, too_long

PROBE_ROWS = 16
"""Rows by which the size of the first batch of a parquet file is told: what its metadata says are encoded bytes."""
BYTES_FOR_TEXT = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary(), pa.string_view(): pa.binary_view()}


def read_parquet(source: Any, options: ReadOptions, skip: int) -> Iterator[pa.RecordBatch]:
    """Batches of a parquet file from row `skip` on; row groups before it are not read."""
    # So a column of a large row group is read page by page; by default it would be in memory whole.
    file = pq.ParquetFile(source, buffer_size=BLOCK, pre_buffer=False)
    row_bytes = 0.0  # the most that a row of any batch took: encoded, equal values take next to nothing
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        if skip >= group.num_rows:
            skip -= group.num_rows
            continue
        if not row_bytes:
            first = next(file.iter_batches(batch_size=PROBE_ROWS, row_groups=[number]), None)
            row_bytes = first.nbytes / len(first) if first else 0.0
        size = max(group.total_byte_size, int(row_bytes * group.num_rows))
        for batch in file.iter_batches(batch_size=_rows_per_batch(group.num_rows, size, options), row_groups=[number]):
            row_bytes = max(row_bytes, batch.nbytes / max(len(batch), 1))
            yield batch.slice(skip)
            skip = max(skip - len(batch), 0)


def read_arrow(source: Any, options: ReadOptions, skip: int) -> Iterator[pa.RecordBatch]:
    """Batches of an Arrow file or stream (what `save_to_disk` of datasets writes) from row `skip` on."""
    for batch in _arrow_batches(source):
        yield batch.slice(skip)
        skip = max(skip - len(batch), 0)


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
        try:
            value = row.to_pylist()[0]
        except UnicodeDecodeError as error:
            yield bad_utf8(error.object, error)
            continue
        yield too_long(str(value)[:1000], options.max_row_bytes) if row.nbytes > options.max_row_bytes else value
