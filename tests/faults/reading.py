"""Reading one source in this process, as a worker of ingest does, and what must hold of it whatever its files are."""

import copy
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from polymath.engine.contract import Piece
from polymath.errors import UserError
from polymath.pipelines.curate.ingest import ReadingConfig, SourceInput, read_source
from polymath.pipelines.libraries import Sources
from polymath.records import QUARANTINED, RECORD
from polymath.sources.build import LEFT_OUT
from polymath.sources.files import describe_files
from polymath.store.digest import digest_table
from polymath.tasks import TASKS

SECONDS = 20
"""Processor time that a small input may take: what is quadratic takes longer."""


@dataclass(frozen=True)
class Reading:
    """What came of a source: its pieces, or the sentence that ends the run."""

    given: SourceInput | None = None
    pieces: list[Piece] = field(default_factory=list)
    said: str | None = None

    @property
    def digest(self) -> list[Any]:
        """Equal readings have equal digests."""
        asides = [piece.aside for piece in self.pieces]
        tables = [digest_table(piece.table) for piece in self.pieces]
        return [self.said, tables, [aside and digest_table(aside) for aside in asides], [piece.note for piece in self.pieces]]


def read(entry: dict[str, Any], root: Path, shard_mb: float) -> Reading:
    """Everything that ingest does with a source named `given`; only a UserError is an answer."""
    given, pieces = None, []
    try:
        source = Sources.model_validate({"given": entry}).root["given"]
        if source.kind == "files":
            describe_files(source.path, root, source.read)
        given = SourceInput("given", source, root, None)
        pieces += _kept(read_source(given, _config(shard_mb), None))
    except UserError as error:
        return Reading(given, pieces, str(error))
    return Reading(given, pieces)


def read_on(reading: Reading, number: int, shard_mb: float) -> Reading:
    """The same, killed after piece `number` and gone on with."""
    assert reading.given
    pieces = reading.pieces[: number + 1]
    rest = read_source(reading.given, _config(shard_mb), copy.deepcopy(pieces[-1].note))
    return Reading(reading.given, [*pieces, *_kept(rest)])


def _kept(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Each with the note that it has when it comes: the counts in it go on, and a shard writes them down at once."""
    return (replace(piece, note=copy.deepcopy(piece.note)) for piece in pieces)


def _config(shard_mb: float) -> ReadingConfig:
    """Shards smaller than a user may ask for, so that a small input makes several."""
    return ReadingConfig().model_copy(update={"shard_mb": shard_mb})


def check_reading(entry: dict[str, Any], root: Path, shard_mb: float = 0.0005) -> Reading:
    """Read it twice, and once more from a piece in the middle; assert what must hold of all of it."""
    start = time.process_time()
    reading = read(entry, root, shard_mb)
    spent = time.process_time() - start
    assert spent < SECONDS, f"{spent:.0f} seconds for {sum(path.stat().st_size for path in root.iterdir()):,} bytes"
    assert read(entry, root, shard_mb).digest == reading.digest
    if reading.said is not None:
        check_sentence(reading.said)
        return reading
    check_books(reading)
    check_records(reading, entry)
    if len(reading.pieces) > 1:
        assert read_on(reading, len(reading.pieces) // 2 - 1, shard_mb).digest == reading.digest
    return reading


def check_sentence(said: str) -> None:
    """One line that names the file or the source, of a length that a person reads, with nothing that a terminal obeys."""
    assert said.isprintable(), repr(said)
    assert "given" in said, said
    assert len(said) < 1500, said


def check_books(reading: Reading) -> None:
    """Rows read = quarantined + refused + ingested, and every row is a record, set aside, or joined to another row's record."""
    counts = Counter(reading.pieces[-1].note["counts"])
    assert reading.pieces[-1].note["last"]
    assert counts["rows"] == counts["quarantined"] + counts["refused"] + counts["ingested"], counts
    assert min(counts.values()) >= 0, counts
    records, aside = _places(piece.table for piece in reading.pieces), _places(p.aside for p in reading.pieces if p.aside)
    lost = {file: rows - records[file] for file, rows in aside.items()}
    assert sum(map(len, lost.values())) == counts["quarantined"] + counts["refused"], (counts, lost)
    assert reading.given
    if reading.given.whole_adapter is None:
        for file in {*records, *aside}:
            rows = records[file] | aside[file]
            assert rows == set(range(len(rows))), f"{file}: rows are missing"
        assert sum(len(records[file] | aside[file]) for file in {*records, *aside}) == counts["rows"]


def _places(tables: Any) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for table in tables:
        for file, row in zip(table["file"].to_pylist(), table["row"].to_pylist(), strict=True):
            found[file].add(row)
    return found


def check_records(reading: Reading, entry: dict[str, Any]) -> None:
    """Records are sound, numbered without a gap, and have what their task needs; what is set aside can be shown."""
    table = pa.concat_tables(piece.table for piece in reading.pieces)
    assert table.schema.equals(RECORD)
    table.validate(full=True)
    assert table["id"].to_pylist() == [f"given/{number}" for number in range(len(table))]
    for name in TASKS[entry["task"]].needs:
        assert not table[name].null_count, name
    aside = pa.concat_tables(piece.aside or QUARANTINED.empty_table() for piece in reading.pieces).to_pylist()
    for row in aside:
        assert re.fullmatch("[a-z0-9_]+", row["reason"]), row
        assert row["detail"] or row["reason"] == LEFT_OUT, row
        assert len(row["excerpt"]) <= 200, row
        assert len(row["detail"]) <= 500, row
        assert (row["excerpt"] + row["detail"]).isprintable(), row
