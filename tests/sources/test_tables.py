import contextlib
import random
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources.build import placed_rows
from polymath.sources.files import read_files
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Batch, Place, Unfit

SMALL = pa.table({"n": list(range(100)), "text": [f"row {n}" for n in range(100)], "tags": [["a", str(n)] for n in range(100)]})


def write_parquet(path: Path, table: pa.Table = SMALL) -> None:
    pq.write_table(table, path, row_group_size=30)


def write_stream(path: Path, table: pa.Table = SMALL) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=30)


def write_file(path: Path, table: pa.Table = SMALL) -> None:
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=30)


WRITERS = {"x.parquet": write_parquet, "x.arrow": write_stream, "x.feather": write_file}


def read(folder: Path, name: str, start: Place = Place(0, 0), **options: Any) -> list[Batch]:
    return list(read_files([name], folder, ReadOptions(**options), start))


def joined(batches: list[Batch]) -> list[dict[str, Any]]:
    return [row for batch in batches if batch.table is not None for row in batch.table.to_pylist()]


@pytest.mark.parametrize("name", WRITERS)
def test_tables_come_as_tables_from_any_row_on(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert joined(read(tmp_path, name)) == SMALL.to_pylist()
    for row in (0, 29, 30, 31, 75, 99, 100):
        batches = read(tmp_path, name, Place(0, row))
        assert joined(batches) == SMALL.to_pylist()[row:]
        assert [batch.start for batch in batches][:1] == [Place(0, row)][: row < 100]


@pytest.mark.parametrize("name", WRITERS)
def test_batches_are_bounded_by_rows_and_by_bytes(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, pa.table({"text": ["x" * 1000] * 500}))
    assert max(len(batch.table or []) for batch in read(tmp_path, name, batch_rows=7)) <= 7
    sizes = [batch.table.nbytes for batch in read(tmp_path, name, batch_mb=0.01) if batch.table]
    assert max(sizes) <= 11_000
    assert sum(sizes) >= 500_000


def with_bad_bytes() -> pa.Table:
    texts = pa.array([b"good", b"caf\xe9", b"fine", None], pa.binary()).view(pa.string())
    inner = pa.array([[b"a"], [], [b"b", b"\xff"], []], pa.list_(pa.binary())).cast(pa.list_(pa.binary()))
    lists = pa.ListArray.from_arrays(inner.offsets, inner.values.view(pa.string()))
    return pa.table({"text": texts, "list": lists})


@pytest.mark.parametrize("name", WRITERS)
def test_strings_that_are_not_utf8_cost_only_their_row(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, with_bad_bytes())
    [batch] = read(tmp_path, name)
    assert batch.table is None
    assert batch.rows == [(Place(0, 0), {"text": "good", "list": ["a"]}), (Place(0, 3), {"text": None, "list": []})]
    assert [(bad.place.row, bad.reason, bad.excerpt) for bad in batch.bad] == [
        (1, "bad_utf8", "caf\\xe9"),
        (2, "bad_utf8", "\\xff"),
    ]


def test_a_row_that_is_too_long_is_set_aside(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", pa.table({"text": ["a", "b" * 5000, "c"]}))
    batches = read(tmp_path, "x.parquet", max_row_mb=0.001)
    assert [row for batch in batches for row in batch.rows] == [(Place(0, 0), {"text": "a"}), (Place(0, 2), {"text": "c"})]
    assert [(bad.place.row, bad.reason) for batch in batches for bad in batch.bad] == [(1, "too_long")]


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_that_is_cut_off_or_overwritten_is_an_error(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    for content in (whole[: len(whole) // 2], whole[:100] + b"\x07" * 200 + whole[300:], whole[:12]):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=name):
            read(tmp_path, name)


def test_offsets_that_point_outside_are_an_error_and_no_crash(tmp_path: Path) -> None:
    write_stream(tmp_path / "x.arrow", pa.table({"text": ["abcd", "efgh"]}))
    content = (tmp_path / "x.arrow").read_bytes()
    assert content.count(struct.pack("<3i", 0, 4, 8)) == 1
    (tmp_path / "x.arrow").write_bytes(content.replace(struct.pack("<3i", 0, 4, 8), struct.pack("<3i", 0, 4, 1 << 30)))
    with pytest.raises(UserError, match=r"x\.arrow: "):
        read(tmp_path, "x.arrow")


def test_bad_text_in_one_column_does_not_hide_bad_offsets_in_another(tmp_path: Path) -> None:
    write_stream(tmp_path / "x.arrow", pa.table({"a": ["caf\xe9", "b"], "b": [{"c": "abcd"}, {"c": "efgh"}]}))
    content = (tmp_path / "x.arrow").read_bytes().replace("\xe9".encode(), b"\xff\xff")
    (tmp_path / "x.arrow").write_bytes(content.replace(struct.pack("<3i", 0, 4, 8), struct.pack("<3i", 0, 4, -1)))
    with pytest.raises(UserError, match=r"x\.arrow: the table is damaged"):
        read(tmp_path, "x.arrow")


@pytest.mark.parametrize("name", ["x.arrow", "x.parquet"])
def test_names_of_columns_that_are_not_utf8_are_an_error(tmp_path: Path, name: str) -> None:
    for table in (pa.table({"colum\xe9": [1]}), pa.table({"a": [{"fiel\xe9": 1}]})):
        WRITERS[name](tmp_path / name, table)
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes().replace("\xe9".encode(), b"\xff\xff"))
        with pytest.raises(UserError, match=f"{name}: is cut off or damaged"):
            read(tmp_path, name)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1), rubbish=st.binary(min_size=1, max_size=20))
def test_rubbish_anywhere_in_a_table_is_rows_or_a_user_error(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: float, rubbish: bytes
) -> None:
    folder = tmp_path_factory.mktemp("rubbish")
    WRITERS[name](folder / name)
    content = bytearray((folder / name).read_bytes())
    start = int(at * len(content))
    content[start : start + len(rubbish)] = rubbish
    (folder / name).write_bytes(content)
    with contextlib.suppress(UserError):
        for batch in read(folder, name):
            assert batch.table is None or batch.table.to_pylist()


def test_class_labels_stay_numbers_and_the_schema_keeps_what_it_says(tmp_path: Path) -> None:
    table = pa.table({"label": [0, 1]}).replace_schema_metadata({"huggingface": '{"info": {}}'})
    write_parquet(tmp_path / "x.parquet", table)
    [batch] = read(tmp_path, "x.parquet")
    assert batch.table
    assert batch.table.column("label").to_pylist() == [0, 1]
    assert batch.table.schema.metadata == {b"huggingface": b'{"info": {}}'}


def test_a_large_row_group_is_never_in_memory_whole(tmp_path: Path) -> None:
    text = ["".join(random.Random(n).choices("abcdefgh", k=1000)) for n in range(200)]
    pq.write_table(pa.table({"text": text * 300}), tmp_path / "x.parquet", use_dictionary=False, compression="none")
    before = pa.total_allocated_bytes()
    peak = max(pa.total_allocated_bytes() for _ in read_files(["x.parquet"], tmp_path)) - before
    assert peak < 20_000_000, f"{peak:,} bytes of a row group of 60 MB"


def test_a_table_without_rows_has_no_batches(tmp_path: Path) -> None:
    for name, write in WRITERS.items():
        write(tmp_path / name, SMALL.slice(0, 0))
        assert read(tmp_path, name) == []


def bomb(path: Path, rows: int = 4000, size: int = 1_000_000) -> None:
    """A small file of one long value, which every row repeats."""
    table = pa.table({"text": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["x" * size]))})
    pq.write_table(table, path, store_schema=False)


def test_equal_values_of_a_parquet_file_are_never_unpacked_at_once(tmp_path: Path) -> None:
    bomb(tmp_path / "x.parquet", 300)
    assert (tmp_path / "x.parquet").stat().st_size < 100_000
    before = pa.total_allocated_bytes()
    peak = 0
    rows = 0
    for batch in read_files(["x.parquet"], tmp_path, ReadOptions(batch_mb=4, max_ratio=100_000)):
        peak = max(peak, pa.total_allocated_bytes() - before)
        rows += len(batch.table) if batch.table is not None else 0
    assert rows == 300
    assert peak < 60_000_000, f"{peak:,} bytes for rows of 300 MB"


def test_a_table_that_unpacks_to_far_more_than_its_file_is_refused(tmp_path: Path) -> None:
    bomb(tmp_path / "x.parquet")
    with pytest.raises(UserError, match=r"x\.parquet: unpacks to over 200 times its size, like a bomb"):
        for _ in read(tmp_path, "x.parquet"):
            pass


@pytest.mark.parametrize(
    "column",
    [
        pa.array([10**15, 0], pa.timestamp("s")),
        pa.array([2**62, 0], pa.duration("s")),
        pa.array([2**62, 0], pa.date64()),
        pa.array([0, 0], pa.timestamp("s", "Nowhere/Land")),
    ],
    ids=lambda column: str(column.type),
)
def test_a_value_that_python_does_not_have_costs_only_its_row(column: pa.Array) -> None:
    table = pa.table({"text": ["a", "b"], "when": column})
    places = list(placed_rows(Batch("x.arrow", Place(0, 7), table=table)))
    assert [place for place, _ in places] == [Place(0, 7), Place(0, 8)]
    reasons = [row.reason if isinstance(row, Unfit) else row["text"] for _, row in places]
    assert reasons == ["bad_value", "bad_value" if getattr(column.type, "tz", None) else "b"]


def test_columns_of_one_name_are_numbered_as_in_csv(tmp_path: Path) -> None:
    write_stream(tmp_path / "x.arrow", pa.table([pa.array(["a"]), pa.array(["b"]), pa.array(["c"])], ["t", "t", "t.1"]))
    assert joined(read(tmp_path, "x.arrow")) == [{"t": "a", "t.1": "b", "t.1.1": "c"}]
