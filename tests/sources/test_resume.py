"""Reading goes on in the middle exactly as if it had not stopped: shards of a killed run are cut where all others are."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from polymath.sources.files import read_files
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Batch, Place

SIZES = [10, 4000, 30, 900, 12, 20_000, 5, 60] * 90
ROWS = [{"text": "x" * size, "n": str(number)} for number, size in enumerate(SIZES)]


def as_csv(path: Path) -> None:
    path.write_text("text,n\n" + "".join(f"{row['text']},{row['n']}\n" for row in ROWS))


def as_json(path: Path) -> None:
    path.write_bytes(json.dumps(ROWS).encode())


def as_json_lines(path: Path) -> None:
    path.write_bytes(gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)))


def as_text(path: Path) -> None:
    path.write_text("\n\n".join(row["text"] for row in ROWS))


def as_xml(path: Path) -> None:
    path.write_text("<rows>" + "".join(f"<row><text>{row['text']}</text></row>" for row in ROWS) + "</rows>")


def as_parquet(path: Path) -> None:
    """Small rows first, in one group, and the large ones after them in others."""
    pq.write_table(pa.Table.from_pylist(sorted(ROWS, key=lambda row: len(row["text"]))), path, row_group_size=200)


def as_arrow(path: Path) -> None:
    with pa.ipc.new_stream(path, pa.Table.from_pylist(ROWS).schema) as writer:
        writer.write_table(pa.Table.from_pylist(ROWS), max_chunksize=300)


WRITERS: dict[str, Callable[[Path], None]] = {
    "x.csv": as_csv, "x.json": as_json, "x.jsonl.gz": as_json_lines, "x.txt": as_text, "x.xml": as_xml,
    "x.parquet": as_parquet, "x.arrow": as_arrow,
}  # fmt: skip


def told(batches: Any) -> list[tuple[Place, int, Place | None]]:
    return [(batch.start, len(batch.rows) + _rows(batch), batch.end) for batch in batches]


def _rows(batch: Batch) -> int:
    return batch.table.num_rows if batch.table is not None else 0


@pytest.mark.parametrize("name", WRITERS)
def test_from_the_end_of_any_batch_on_the_batches_are_those_of_a_reading_of_the_whole(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    options = ReadOptions(batch_mb=0.1, batch_rows=120, unit="paragraph")
    whole = told(read_files([name], tmp_path, options))
    assert len(whole) > 4
    for number, (start, _, _) in enumerate(whole):
        assert told(read_files([name], tmp_path, options, start)) == whole[number:]
