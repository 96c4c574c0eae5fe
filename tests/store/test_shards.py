"""Shards: whole or not there."""

import json

import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.store.folder import MANIFEST, Manifest, ShardFolder
from polymath.store.shards import ROW_GROUP, Entry, Shard, find_shard, write_shard

TABLE = pa.table({"id": ["a", "b", None], "n": [1, 2, 3], "name": pa.array(["x", "x", "y"]).dictionary_encode()})


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_shard_comes_back_as_it_was_written(tmp_path, form):
    entry = write_shard(tmp_path, Entry("s", f"s.{form}", "key", "base", note={"end": 3}), TABLE)
    assert Shard(tmp_path, entry).read().equals(TABLE)
    assert Shard(tmp_path, entry).read(["n"]).column_names == ["n"]
    assert find_shard(tmp_path, "s", form) == entry
    assert [path.name for path in tmp_path.iterdir()] == [f"s.{form}"]


def test_what_is_set_aside_stands_beside_the_shard(tmp_path):
    aside = pa.table({"reason": ["bad_json"]})
    entry = write_shard(tmp_path, Entry("s", "s.parquet", "key", "base"), TABLE, aside)
    assert Shard(tmp_path, entry).read_aside().equals(aside)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_truncated_shard_is_not_found(tmp_path, form):
    write_shard(tmp_path, Entry("s", f"s.{form}", "key", "base"), TABLE)
    path = tmp_path / f"s.{form}"
    path.write_bytes(path.read_bytes()[:-20])
    assert find_shard(tmp_path, "s", form) is None


def test_a_damaged_shard_is_named_with_the_way_out(tmp_path):
    entry = write_shard(tmp_path, Entry("s", "s.parquet", "key", "base"), pa.table({"text": ["word " * 1000] * 50}))
    path = tmp_path / "s.parquet"
    data = bytearray(path.read_bytes())
    data[40:60] = bytes(20)
    path.write_bytes(data)
    with pytest.raises(UserError, match=r"s\.parquet: the shard is damaged.*run again to rebuild"):
        Shard(tmp_path, entry).read()


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_rows_are_taken_from_any_row_group(tmp_path, form):
    rows = 3 * ROW_GROUP + 10
    entry = write_shard(tmp_path, Entry("s", f"s.{form}", "key", "base"), pa.table({"n": range(rows), "m": range(rows)}))
    wanted = [0, 5, ROW_GROUP - 1, 2 * ROW_GROUP, rows - 1]
    assert Shard(tmp_path, entry).take(wanted, ["n"])["n"].to_pylist() == wanted


def test_a_folder_without_a_manifest_holds_nothing(tmp_path):
    write_shard(tmp_path, Entry("s", "s.parquet", "key", "base"), TABLE)
    assert Manifest.read(tmp_path) is None
    with pytest.raises(UserError, match="nothing finished is here"):
        ShardFolder.open(tmp_path)


def test_a_manifest_of_another_layout_is_not_read(tmp_path):
    Manifest("step", "key", ()).write(tmp_path)
    data = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**data, "layout": 99}))
    assert Manifest.read(tmp_path) is None


def test_a_folder_reads_its_shards_in_order(tmp_path):
    entries = [write_shard(tmp_path, Entry(name, f"{name}.parquet", "k", "b"), TABLE) for name in ("b", "a")]
    Manifest("step", "key", tuple(entries)).write(tmp_path)
    folder = ShardFolder.open(tmp_path)
    assert folder.read()["n"].to_pylist() == [1, 2, 3, 1, 2, 3]
    assert folder.starts == (0, 3, 6)
