"""From the rows of a batch to records: fields mapped or adapted, checked, cleaned of noise, numbered; the rest quarantined."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from polymath.errors import printable
from polymath.records import QUARANTINED, RECORD, TEXT_FIELDS
from polymath.sources.check import BLANK_IS_NONE, check_record, unfit_rows
from polymath.sources.columns import ColumnCheck
from polymath.sources.library import Source
from polymath.sources.mapping import MISSING, Getter, getter, is_column
from polymath.sources.rows import BadRow, Batch, Place, Unfit
from polymath.sources.tables import NO_OBJECT, row_at
from polymath.sources.unreadable import Unreadable, excerpt
from polymath.store.digest import digest_bytes
from polymath.tasks import TASKS

Adapter = Callable[[Any], Iterable[dict[str, Any] | Unfit]]
Placed = tuple[Place, dict[str, Any] | Unfit]
WholeAdapter = Callable[[Iterator[tuple[Place, Any]]], Iterable[Placed]]
CHUNK = 2000
"""Records of an adapter over a whole source that become a table at a time."""


LONGEST_GROUP = 80  # characters
LONGEST_DETAIL = 200  # characters: it may quote what stands in the row
LEFT_OUT = "left_out"
"""The reason of rows that an adapter leaves out although they are sound: they are refused, not unreadable."""


@dataclass
class Counts:
    """The first ledger of a source, in rows as its files hold them."""

    rows: int = 0
    ingested: int = 0
    quarantined: int = 0
    refused: int = 0

    def add(self, rows: int, lost: list[str]) -> None:
        """`rows` were read, of which `lost` (the reason of each) became no record."""
        refused = lost.count(LEFT_OUT)
        self.rows += rows
        self.refused += refused
        self.quarantined += len(lost) - refused
        self.ingested += rows - len(lost)


@dataclass
class RecordBuilder:
    """Turns one source's batches into record tables; keeps the count and the number of the next record."""

    name: str
    source: Source
    adapter: Adapter | None
    next_number: int = 0
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        place = f"{self.name}.fields"
        self._getters = {
            name: _extra(text, place) if name == "extra" else getter(text, f"{place}.{name}")
            for name, text in self.source.fields.items()
        }
        self._task = TASKS[self.source.task]
        by_fields = self.source.kind != "embedded" and self.adapter is None
        self._columns = ColumnCheck(self.name, self.source.fields, self._task.needs) if by_fields else None
        mapped = by_fields and "extra" not in self.source.fields
        self._plain = mapped and all(is_column(text) for text in self.source.fields.values())

    def build(self, batch: Batch) -> tuple[pa.Table, list[BadRow]]:
        """The records of a batch (schema RECORD) and its rows that became none."""
        if self._columns:
            self._columns.look(batch)
        bad = list(batch.bad)
        self.counts.add(len(bad), [each.reason for each in bad])
        if batch.table is not None and self._plain and self._fits(batch.table):
            table, unfit = self._from_table(batch, batch.table)
        else:
            table, unfit = self._from_rows(batch)
        return self._numbered(batch.file, table), bad + unfit

    def end(self) -> None:
        """To be called after the last batch: what was looked for in vain in all rows is an error of the entry."""
        if self._columns:
            self._columns.end()

    def _fits(self, rows: pa.Table) -> bool:
        """Whether every mapped column has its field's type as it stands: text, or a whole number for a label."""
        for name, column in self.source.fields.items():
            kind, wanted = rows.schema.field(column).type, RECORD.field(name).type
            text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
            number = pa.types.is_integer(kind) and wanted == pa.int32() and _are_int32(rows[column])
            if not ((text and wanted == pa.string()) or number):
                return False
        return True

    def _from_table(self, batch: Batch, rows: pa.Table) -> tuple[pa.Table, list[BadRow]]:
        """Columns straight to fields, no Python per row; then the rows that cannot be records are told apart."""
        columns: dict[str, pa.ChunkedArray] = {}
        for name, column in self.source.fields.items():
            columns[name] = rows[column].cast(RECORD.field(name).type)
        if self.source.labels and "choices" not in columns:
            columns["choices"] = pa.chunked_array(
                [pa.array([list(self.source.labels)] * len(rows), RECORD.field("choices").type)]
            )
        columns["row"] = pa.chunked_array([pa.array(range(batch.start.row, batch.start.row + len(rows)), pa.int64())])
        table = _without_blanks(_as_records(columns, len(rows)))
        unfit = [(row, Unfit(*why)) for row, why in unfit_rows(table, self._task)]
        if unfit:
            keep = pa.array([True] * len(rows), pa.bool_()).to_numpy(zero_copy_only=False).copy()
            keep[[row for row, _ in unfit]] = False
            table = table.filter(pa.array(keep))
        self.counts.add(len(rows), [why.reason for _, why in unfit])
        places = [(Place(batch.start.file, batch.start.row + row), why) for row, why in unfit]
        return table, [_bad(place, why, row_at(rows, place.row - batch.start.row)) for place, why in places]

    def _from_rows(self, batch: Batch) -> tuple[pa.Table, list[BadRow]]:
        """Row by row, in Python: adapters, and expressions that are more than a column."""
        rows = list(placed_rows(batch))
        good: list[tuple[int, dict[str, Any]]] = []
        unfit: list[BadRow] = []
        lost: list[str] = []
        for place, row in rows:
            made, failed = self._records_of(place, row)
            good += [(place.row, record) for record in made]
            unfit += failed
            lost += [] if made else [failed[0].reason]
        self.counts.add(len(rows), lost)
        return _from_dicts(good), unfit

    def build_whole(self, batches: Iterable[Batch], adapter: WholeAdapter) -> Iterator[tuple[str, pa.Table, list[BadRow]]]:
        """The records of an adapter that joins rows of the whole source, in tables of one file each, and its unfit rows."""
        names: dict[int, str] = {}
        unread: list[tuple[int, list[BadRow]]] = []

        def rows() -> Iterator[tuple[Place, Any]]:
            for batch in batches:
                names[batch.start.file] = batch.file
                unread.append((batch.start.file, list(batch.bad)))
                self.counts.add(len(batch.bad), [each.reason for each in batch.bad])
                for place, row in placed_rows(batch):
                    if isinstance(row, Unfit):
                        unread.append((place.file, [_bad(place, row, "")]))
                        self.counts.add(1, [row.reason])
                        continue
                    self.counts.add(1, [])
                    yield place, row

        for chunk in _chunks(adapter(rows())):
            yield from self._whole_chunk(chunk, names)
        yield from ((names[file], RECORD.empty_table(), bad) for file, bad in unread if bad)

    def _whole_chunk(self, chunk: Iterable[Placed], names: dict[int, str]) -> Iterator[tuple[str, pa.Table, list[BadRow]]]:
        for file, group in itertools.groupby(chunk, key=lambda each: each[0].file):
            good: list[tuple[int, dict[str, Any]]] = []
            bad: list[BadRow] = []
            for place, record in group:
                made, failed = self._checked(place, record)
                good += [(place.row, each) for each in made]
                bad += failed
            # Rows were counted as ingested when they were read; those that became nothing are taken back, each once.
            kept = {row for row, _ in good}
            lost = {each.place.row: each.reason for each in reversed(bad) if each.place.row not in kept}
            self.counts.add(0, list(lost.values()))
            yield names[file], self._numbered(names[file], _from_dicts(good)), bad

    def _checked(self, place: Place, record: dict[str, Any] | Unfit) -> tuple[list[dict[str, Any]], list[BadRow]]:
        try:
            if isinstance(record, Unfit):
                raise record
            return [check_record(record, self._task, self.source.labels)], []
        except Unfit as why:
            return [], [_bad(place, why, record)]

    def _records_of(self, place: Place, row: Any) -> tuple[list[dict[str, Any]], list[BadRow]]:
        made: list[dict[str, Any]] = []
        failed: list[BadRow] = []
        try:
            if isinstance(row, Unfit):
                raise row
            for record in self._adapted(row):
                good, bad = self._checked(place, record)
                made += good
                failed += bad
        except Unfit as why:
            failed.append(_bad(place, why, row))
        if not made and not failed:
            failed.append(_bad(place, Unfit("no_record", "the adapter made nothing of this row"), row))
        return made, failed

    def _adapted(self, row: Any) -> Iterator[dict[str, Any] | Unfit]:
        """What the adapter makes of the row, completed by the entry's own fields (a constant, a group)."""
        if self.adapter is None:
            yield row if self.source.kind == "embedded" else self._mapped(row)
            return
        for record in self.adapter(row):
            yield record if isinstance(record, Unfit) or not self._getters else {**record, **self._mapped(row)}

    def _mapped(self, row: Any) -> dict[str, Any]:
        values = {name: get(row) for name, get in self._getters.items()}
        return {name: value for name, value in values.items() if value is not MISSING}

    def _numbered(self, file: str, table: pa.Table) -> pa.Table:
        """Ids in file order, and the columns that are the same for the whole source."""
        size = len(table)
        table = _with_short_groups(table)
        numbers = pa.array(range(self.next_number, self.next_number + size), pa.int64()).cast(pa.string())
        self.next_number += size
        ids = pc.binary_join_element_wise(self.name, numbers, "/")
        language = table["language"]
        if self.source.language:
            language = pc.fill_null(language.cast(pa.string()), self.source.language).cast(RECORD.field("language").type)
        same = {"source": self.name, "file": file, "task": self.source.task, "tier": self.source.tier}
        columns = {name: _repeated(value, size) for name, value in same.items()} | {"id": ids, "language": language}
        for name, column in columns.items():
            place = RECORD.get_field_index(name)
            table = table.set_column(place, RECORD.field(place), column)
        return table


def _chunks(made: Iterable[Placed]) -> Iterator[list[Placed]]:
    """What an adapter makes, some at a time; all that stands for one row stays together."""
    chunk: list[Placed] = []
    for place, record in made:
        if len(chunk) >= CHUNK and place != chunk[-1][0]:
            yield chunk
            chunk = []
        chunk.append((place, record))
    yield chunk


def placed_rows(batch: Batch) -> Iterator[tuple[Place, Any]]:
    """The rows of a batch as Python objects with their places; a row that cannot be such an object comes as Unfit."""
    yield from batch.rows
    if batch.table is None:
        return
    try:
        rows: list[Any] = batch.table.to_pylist()
    except NO_OBJECT:
        rows = [row_at(batch.table, number) for number in range(len(batch.table))]
    for number, row in enumerate(rows):
        unfit = Unfit(row.reason, row.detail) if type(row) is Unreadable else None
        yield Place(batch.start.file, batch.start.row + number), unfit or row


def quarantined_table(source: str, file: str, bad: list[BadRow]) -> pa.Table:
    """Rows of one file that became no record, schema QUARANTINED."""
    same = {"source": source, "file": file}
    rows = [{**same, "row": b.place.row, "reason": b.reason, "detail": b.detail, "excerpt": b.excerpt} for b in bad]
    return pa.Table.from_pylist(rows, schema=QUARANTINED)


def _extra(expression: str, place: str) -> Getter:
    """`extra: category, id` as a function of a row: an object of these columns, for what the source says beside."""
    names = [name.strip() for name in expression.split(",")]
    parts = {name: getter(name, f"{place}.extra") for name in names}

    def together(row: Any) -> Any:
        found = {name: get(row) for name, get in parts.items()}
        return {name: value for name, value in found.items() if value is not MISSING} or MISSING

    return together


def _without_blanks(table: pa.Table) -> pa.Table:
    """A blank context, system prompt or group is none."""
    for name in BLANK_IS_NONE:
        column = table[name]
        if column.null_count < len(column):
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), pa.scalar(None, pa.string()), column)
            table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
    return table


def _with_short_groups(table: pa.Table) -> pa.Table:
    """A group that is named by a whole passage is named by its beginning and a digest of it."""
    if (pc.max(pc.utf8_length(table["group"])).as_py() or 0) <= LONGEST_GROUP:
        return table
    names = pa.array([_short_group(value) for value in table["group"].to_pylist()], pa.string())
    return table.set_column(table.schema.get_field_index("group"), table.schema.field("group"), names)


def _short_group(name: str | None) -> str | None:
    if name is None or len(name) <= LONGEST_GROUP:
        return name
    return f"{name[:40]}… {digest_bytes(name.encode())[:16]}"


def _bad(place: Place, why: Unfit, row: Any) -> BadRow:
    return BadRow(place, why.reason, printable(why.detail[:LONGEST_DETAIL]), excerpt(str(row)))


def _are_int32(column: pa.ChunkedArray) -> bool:
    bounds = pc.min_max(column).as_py()
    return bounds["min"] is None or (bounds["min"] >= -(2**31) and bounds["max"] < 2**31)


def _repeated(value: str, size: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array([0] * size, pa.int32()), pa.array([value]))


def _as_records(columns: dict[str, pa.ChunkedArray], size: int) -> pa.Table:
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in RECORD]
    return pa.Table.from_arrays(arrays, schema=RECORD)


def _from_dicts(rows: list[tuple[int, dict[str, Any]]]) -> pa.Table:
    """Records as a table; only the columns that occur are built from Python."""
    columns: dict[str, pa.Array] = {"row": pa.array([row for row, _ in rows], pa.int64())}
    for name in (*TEXT_FIELDS, "group", "language", "parents", "extra"):
        values = [record.get(name) for _, record in rows]
        if any(value is not None for value in values):
            kind = RECORD.field(name).type
            columns[name] = pa.array(values, kind.value_type if pa.types.is_dictionary(kind) else kind)
    return _as_records({name: pa.chunked_array([column]) for name, column in columns.items()}, len(rows))
