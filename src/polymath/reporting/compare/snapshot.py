"""What a run leaves behind, so that it can be compared with others when its datasets are gone.

In the run's folder: the fate of every record in a few bytes (no text), and the small tables of its end. A run that changed
nothing links the files of the run before it. `snapshot.json` is written last: its existence means that the others are whole.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import xxhash

from polymath.datasets.finished import finished_folders, stale_folders
from polymath.errors import UserError
from polymath.store.digest import digest_strings
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tracking.record import RUNS, RunRecord, write_whole

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

SNAPSHOT = "snapshot.json"
LAYOUT = 1
TABLES = ("books", "fates", "weights", "token_counts")
"""Datasets that are kept whole: they have a row per kind of record, not per record."""
DECISIONS = ("clean_decisions", "dedup_decisions", "decontaminate_decisions", "split_decisions")
LENGTHS = ("chars", "words", "context_characters", "prompt_characters", "reply_characters", "text_characters")
"""What was measured on every text, by which the records of two runs are known to be the same."""
_WORD = pa.dictionary(pa.int32(), pa.string())
FATE = pa.schema(
    [
        ("source", _WORD),
        ("number", pa.int32()),  # the record is <source>/<number>
        ("task", _WORD),  # that it has at the end
        ("reason", _WORD),  # null for what is kept
        ("split", _WORD),  # null for what is removed
        ("moved", _WORD),  # the rule that moved it to its task
        ("generated", pa.bool_()),
        ("value", pa.float32()),  # what the step that removed it measured
        ("because", pa.string()),  # the record that it repeats, or the benchmark item that it holds
    ]
)


@dataclass(frozen=True)
class Kept:
    """One source in a snapshot."""

    records: int
    content: str
    """Of the lengths and groups of its records: where it is equal, equal numbers are equal records."""


@dataclass(frozen=True)
class Snapshot:
    """What a run left behind. Nothing but the index is read before it is asked for."""

    folder: Path
    sources: dict[str, Kept]
    keys: dict[str, str] = field(default_factory=dict)
    """Of what each file was made from."""
    layout: int = LAYOUT

    @classmethod
    def find(cls, folder: Path) -> Snapshot | None:
        """The snapshot in a run's folder; None where the run left none."""
        try:
            data = json.loads((folder / SNAPSHOT).read_text("utf-8"))
            if data["layout"] != LAYOUT:
                return None
            return cls(folder, {name: Kept(**kept) for name, kept in data["sources"].items()}, data["keys"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @classmethod
    def open(cls, record: RunRecord, project: Path) -> Snapshot:
        """The snapshot of a run; a UserError where there is none."""
        found = cls.find(record.folder(project))
        if found is None:
            why = _why_not(record, record.folder(project) / SNAPSHOT)
            raise UserError(f"{record.id} ({record.name}) cannot be compared: {why}; kedro runs lists all")
        return found

    def table(self, name: str) -> pa.Table:
        """One of TABLES."""
        return pq.read_table(self.folder / f"{name}.parquet")

    def fates(self, source: str, columns: Sequence[str]) -> pa.Table:
        """Columns of FATE for all records of one source, in their order."""
        return self._file.read_row_groups(self._groups[source], columns=list(columns), use_threads=False)

    def fate(self, source: str, number: int) -> dict[str, object]:
        """Everything of one record."""
        for group in self._groups[source]:
            size = self._file.metadata.row_group(group).num_rows
            if number < size:
                row: dict[str, object] = self._file.read_row_group(group, use_threads=False).slice(number, 1).to_pylist()[0]
                return row
            number -= size
        raise KeyError(f"{source}/{number}")

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.folder / "records.parquet", memory_map=True)

    @cached_property
    def _groups(self) -> dict[str, list[int]]:
        """Row groups of each source: they stand in the sources' order, and none holds two."""
        groups: dict[str, list[int]] = {}
        left = iter(range(self._file.num_row_groups))
        for name, kept in self.sources.items():
            count, mine = 0, groups.setdefault(name, [])
            while count < kept.records:
                mine.append(next(left))
                count += self._file.metadata.row_group(mine[-1]).num_rows
        return groups


def take_snapshot(catalog: CatalogProtocol, record: RunRecord, project: Path) -> bool:
    """Leave a snapshot of what stands in the catalog in the run's folder; False where it is not whole, or not of one run."""
    made = finished_folders(catalog)
    needed = {*TABLES, *DECISIONS, "records", "text_signals", "group_keys"}
    if not needed <= set(made) or stale_folders(made) & needed:
        return False
    folder, before = record.folder(project), _newest(project, record)
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {"records": ("records", "text_signals", "group_keys", *DECISIONS), **{name: (name,) for name in TABLES}}
    keys = {name: digest_strings(made[each].digest for each in given) for name, given in inputs.items()}
    same = before is not None and before.keys["records"] == keys["records"]
    sources = before.sources if before and same else {name: fingerprint(made, name) for name in sources_of(made["records"])}
    for name, key in keys.items():
        path = folder / f"{name}.parquet"
        if before and before.keys[name] == key:
            _link(before.folder / path.name, path)
        elif name == "records":
            _write(path, FATE, (_fates(*shards) for shards in _aligned(made)))
        else:
            _write(path, made[name].shards[0].read().schema, made[name].tables())
    if "data_card" in catalog and catalog.exists("data_card"):
        _link(catalog["data_card"].page, folder / "card.html")
    pa.csv.write_csv(made["books"].read(), folder / "books.csv")
    index = {"layout": LAYOUT, "sources": {name: asdict(kept) for name, kept in sources.items()}, "keys": keys}
    write_whole(folder / SNAPSHOT, json.dumps(index, indent=1, ensure_ascii=False))
    return True


def sources_of(records: ShardFolder) -> list[str]:
    """The sources in the order of their records."""
    return list(dict.fromkeys(shard.entry.note["source"] for shard in records.shards))


def fingerprint(made: Mapping[str, ShardFolder], source: str) -> Kept:
    """One source by what was measured on its texts, without reading them; its tier or licence makes no difference."""
    hasher, rows = xxhash.xxh3_128(), 0
    for record, signals, keys in zip(*(made[name].shards for name in ("records", "text_signals", "group_keys")), strict=True):
        if record.entry.note["source"] == source:
            for column in signals.read(LENGTHS).columns:
                hasher.update(pc.fill_null(column, -1).cast(pa.int64()).to_numpy())
            hasher.update(keys.digest.encode())
            rows += record.rows
    return Kept(rows, hasher.hexdigest())


def _why_not(record: RunRecord, index: Path) -> str:
    """Why a run has no snapshot that can be read."""
    if record.status != "FINISHED":
        return f"it is {record.status.lower()}, and only runs that end with the books leave a snapshot"
    if not index.exists():
        return "it left no snapshot (only runs that end with the books do)"
    try:
        layout = json.loads(index.read_text("utf-8"))["layout"]
    except (OSError, ValueError, KeyError, TypeError):
        return f"{index} is damaged"
    return f"its snapshot has layout {layout}, and this version of Polymath reads layout {LAYOUT}"


def _newest(project: Path, record: RunRecord) -> Snapshot | None:
    """The snapshot that an earlier run left last."""
    folders = sorted(path.parent for path in (project / RUNS).glob(f"*/{SNAPSHOT}") if path.parent.name < record.id)
    return Snapshot.find(folders[-1]) if folders else None


def _aligned(made: Mapping[str, ShardFolder]) -> Iterator[tuple[int, Shard, dict[str, Shard]]]:
    """Each record shard with its decisions, and the number of its first record in its source."""
    starts: Counter[str] = Counter()
    for place, record in enumerate(made["records"].shards):
        source = record.entry.note["source"]
        yield starts[source], record, {name: made[name].shards[place] for name in DECISIONS}
        starts[source] += record.rows


def _fates(start: int, record: Shard, decisions: Mapping[str, Shard]) -> pa.Table:
    """The fates of one shard (schema FATE). The first step that removed a record says what it measured."""
    clean = decisions["clean_decisions"].read(["kept", "moved", "value"])
    dedup = decisions["dedup_decisions"].read(["kept", "duplicate_of", "similarity"])
    leaks = decisions["decontaminate_decisions"].read(["kept", "benchmark", "item", "covered"])
    last = decisions["split_decisions"].read(["kept", "task", "reason", "split"])
    item = pc.binary_join_element_wise(leaks["benchmark"].cast(pa.string()), leaks["item"], " item ")
    by_clean, by_dedup, by_leak = (pc.invert(step["kept"]) for step in (clean, dedup, leaks))
    nothing, no_words = pa.scalar(None, pa.float32()), pa.scalar(None, pa.string())
    steps = pc.make_struct(by_clean, by_dedup, by_leak)
    columns = {
        "source": pa.array([record.entry.note["source"]] * record.rows, pa.string()),
        "number": np.arange(start, start + record.rows),
        "task": last["task"],
        "reason": last["reason"],
        "split": pc.if_else(last["kept"], last["split"].cast(pa.string()), no_words),
        "moved": clean["moved"],
        "generated": pc.greater(pc.fill_null(pc.list_value_length(record.read(["parents"])["parents"]), 0), 0),
        "value": pc.case_when(steps, clean["value"], dedup["similarity"], leaks["covered"], nothing),
        "because": pc.case_when(steps, no_words, dedup["duplicate_of"], item, no_words),
    }
    return pa.table({name: _as(column, FATE.field(name).type) for name, column in columns.items()}, schema=FATE)


def _as(column: Any, kind: pa.DataType) -> Any:
    """Words coded, with codes of their own for each shard."""
    if isinstance(column, pa.ChunkedArray | pa.Array):
        return column.cast(pa.string()).dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
    return pa.array(column, kind)


def _write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """One file, a row group for each table: small numbers in a row cost nothing, words are coded."""
    temporary = path.with_name(f".{path.name}.tmp")
    steady = [name for name in schema.names if name == "number"]
    coded = [each.name for each in schema if pa.types.is_dictionary(each.type)]
    encoding = dict.fromkeys(steady, "DELTA_BINARY_PACKED") | (
        {"because": "DELTA_BYTE_ARRAY"} if "because" in schema.names else {}
    )
    with pq.ParquetWriter(
        temporary, schema, compression="zstd", use_dictionary=coded or False, column_encoding=encoding or None
    ) as writer:
        for table in tables:
            if len(table):
                writer.write_table(table, row_group_size=len(table))
    temporary.replace(path)


def _link(old: Path, new: Path) -> None:
    """The same file under another name; a copy where the file system has no links."""
    new.unlink(missing_ok=True)
    try:
        os.link(old, new)
    except OSError:
        shutil.copyfile(old, new)
