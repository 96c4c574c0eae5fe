import bz2
import contextlib
import csv
import gzip
import io
import json
import lzma
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources.files import read_files
from polymath.sources.formats import ROW_READERS, with_ends
from polymath.sources.options import FormatName, ReadOptions
from polymath.sources.rows import Batch, Place

Rows = list[dict[str, str]]


def as_csv(rows: Rows, delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, ["a", "b"], delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_parquet(rows: Rows) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([("a", pa.string()), ("b", pa.string())])), sink)
    return sink.getvalue().to_pybytes()


def as_arrow(rows: Rows) -> bytes:
    table = pa.Table.from_pylist(rows, pa.schema([("a", pa.string()), ("b", pa.string())]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "json": lambda rows: json.dumps(rows).encode(),
    "jsonl": lambda rows: b"".join(orjson.dumps(row) + b"\n" for row in rows),
    "csv": as_csv,
    "tsv": lambda rows: as_csv(rows, "\t"),
    "parquet": as_parquet,
    "arrow": as_arrow,
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}


def in_zip(path: Path, name: str, content: bytes) -> str:
    with zipfile.ZipFile(path / "x.zip", "w") as archive:
        archive.writestr(name, content)
    return "x.zip"


def in_tar(path: Path, name: str, content: bytes) -> str:
    with tarfile.open(path / "x.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return "x.tar.gz"


def as_file(path: Path, name: str, content: bytes) -> str:
    (path / name).write_bytes(content)
    return name


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
ROWS = st.lists(st.fixed_dictionaries({"a": TEXT, "b": TEXT}), min_size=1, max_size=5)


def values(batches: Iterator[Batch]) -> list[tuple[Place, Any]]:
    """All rows with their places, whether they come as objects or as tables."""
    found = []
    for batch in batches:
        assert not batch.bad
        found += batch.rows
        for number, row in enumerate(batch.table.to_pylist() if batch.table is not None else []):
            found.append((Place(batch.start.file, batch.start.row + number), row))
    return found


@pytest.mark.parametrize("suffix", FORMATS)
@settings(max_examples=40, deadline=None)
@given(
    rows=ROWS,
    compression=st.sampled_from(sorted(COMPRESSIONS)),
    place=st.sampled_from([as_file, in_zip, in_tar]),
    batch_rows=st.integers(1, 3),
    skip=st.integers(0, 5),
)
def test_rows_read_back_in_every_format_compression_and_archive(
    tmp_path_factory: pytest.TempPathFactory,
    suffix: str,
    rows: Rows,
    compression: str,
    place: Callable[[Path, str, bytes], str],
    batch_rows: int,
    skip: int,
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    name = place(folder, f"rows.{suffix}{compression}", COMPRESSIONS[compression](FORMATS[suffix](rows)))
    options = ReadOptions(batch_rows=batch_rows)
    expected = [(Place(0, number), row) for number, row in enumerate(rows)]
    assert values(read_files([name], folder, options)) == expected
    assert values(read_files([name], folder, options, Place(0, skip))) == expected[skip:]


@pytest.mark.parametrize("kind", ROW_READERS)
@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=200), batch_rows=st.integers(1, 4))
def test_any_bytes_in_any_format_are_numbered_rows_or_a_user_error(
    tmp_path_factory: pytest.TempPathFactory, kind: FormatName, content: bytes, batch_rows: int
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "x").write_bytes(content)
    numbers: list[int] = []
    with contextlib.suppress(UserError):
        for batch in read_files(["x"], folder, ReadOptions(format=kind, batch_rows=batch_rows)):
            assert batch.start.row == len(numbers)
            numbers += sorted([place.row for place, _ in batch.rows] + [bad.place.row for bad in batch.bad])
    assert numbers == list(range(len(numbers)))


def test_a_batch_with_only_bad_rows_is_still_a_batch(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"a": 1}\noops\nno\n{"a": 2}\n')
    batches = list(read_files(["x.jsonl"], tmp_path, ReadOptions(batch_rows=1)))
    assert [(len(batch.rows), len(batch.bad), batch.start.row, batch.end) for batch in batches] == [
        (1, 0, 0, Place(0, 1)),
        (0, 1, 1, Place(0, 2)),
        (0, 1, 2, Place(0, 3)),
        (1, 0, 3, None),
    ]


def test_a_batch_ends_soon_after_its_bytes_are_reached(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"".join(orjson.dumps({"a": "x" * 100_000}) + b"\n" for _ in range(60)))
    batches = list(read_files(["x.jsonl"], tmp_path, ReadOptions(batch_mb=2)))
    assert sum(len(batch.rows) for batch in batches) == 60
    assert max(len(batch.rows) for batch in batches) <= 32


def test_every_batch_ends_where_the_next_one_starts() -> None:
    batches = [Batch("a", Place(0, 0)), Batch("a", Place(0, 7)), Batch("b", Place(1, 0))]
    assert [batch.end for batch in with_ends(batches)] == [Place(0, 7), Place(1, 0), None]
    assert list(with_ends([])) == []


@pytest.mark.parametrize("suffix", ["json", "jsonl", "csv", "xml", "txt"])
def test_memory_stays_bounded_whatever_the_size(tmp_path: Path, suffix: str) -> None:
    row = {"a": "x" * 1000, "b": "y" * 1000}
    with gzip.open(tmp_path / f"x.{suffix}.gz", "wb", compresslevel=1) as out:
        opening, one, between, closing = {
            "json": (b"[", orjson.dumps(row), b",\n", b"]"),
            "jsonl": (b"", orjson.dumps(row), b"\n", b""),
            "csv": (b"a,b\n", b"x" * 1000 + b"," + b"y" * 1000, b"\n", b""),
            "xml": (b"<r>", b'<row a="' + b"x" * 1000 + b'" b="' + b"y" * 1000 + b'"/>', b"\n", b"</r>"),
            "txt": (b"", b"w" * 2000, b"\n\n", b""),
        }[suffix]
        out.write(opening + between.join([one] * 30_000) + closing)
    tracemalloc.start()
    options = ReadOptions(batch_mb=1, unit="pieces")
    seen = sum(len(batch.rows) for batch in read_files([f"x.{suffix}.gz"], tmp_path, options))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seen >= 1_000
    assert peak < 20_000_000, f"{peak:,} bytes for a file of 60 MB"
