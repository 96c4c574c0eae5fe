"""Shards: whole or not there."""

import errno
import json
import os
import random

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


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_changed_bit_anywhere_is_noticed_and_named_with_the_way_out(tmp_path, form):
    entry = write_shard(tmp_path, Entry("s", f"s.{form}", "key", "base"), TABLE, TABLE)
    path = tmp_path / f"s.{form}"
    whole, rng = path.read_bytes(), random.Random(5)
    assert Shard(tmp_path, entry).is_sound
    for place in rng.sample(range(len(whole)), 60):
        data = bytearray(whole)
        data[place] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        find_shard(tmp_path, "s", form)  # it may find or refuse it, but never crashes
        assert not Shard(tmp_path, entry).is_sound
        for read in (Shard.read, lambda shard: shard.take([1]), lambda shard: shard.read(["n"])):
            with pytest.raises(UserError, match=rf"s\.{form}: the shard is damaged.*run again with engine.verify=true"):
                read(Shard(tmp_path, entry))


def test_damage_in_what_is_set_aside_is_noticed(tmp_path):
    entry = write_shard(tmp_path, Entry("s", "s.parquet", "key", "base"), TABLE, TABLE)
    aside = tmp_path / entry.aside_file
    aside.write_bytes(aside.read_bytes()[:-1] + b"x")
    assert not Shard(tmp_path, entry).is_sound
    with pytest.raises(UserError, match=r"s\.aside\.parquet: the shard is damaged"):
        Shard(tmp_path, entry).read_aside()
    aside.unlink()
    assert find_shard(tmp_path, "s", "parquet") is None


def test_a_write_that_fails_names_the_file_and_leaves_nothing(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*s\.parquet'"):
        write_shard(tmp_path, Entry("s", "s.parquet", "key", "base"), TABLE)
    assert list(tmp_path.iterdir()) == []


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


@pytest.mark.parametrize("change", [{"layout": 0}, {"layout": 99}, {"step": "other"}, {"shards": 3}])
def test_a_manifest_of_another_layout_or_damaged_is_told_from_none(tmp_path, change):
    Manifest("step", "key", ()).write(tmp_path)
    assert Manifest.read(tmp_path) is not None
    data = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**data, **change}))
    assert Manifest.read(tmp_path) is None
    with pytest.raises(UserError, match=r"made by another version of Polymath, or is damaged; run the step that makes it"):
        ShardFolder.open(tmp_path)


def test_a_manifest_without_a_checksum_is_one_of_an_earlier_version_and_is_read(tmp_path):
    Manifest("step", "key", ()).write(tmp_path)
    data = json.loads((tmp_path / MANIFEST).read_text())
    data.pop("checksum")
    (tmp_path / MANIFEST).write_text(json.dumps(data))
    assert Manifest.read(tmp_path) == Manifest("step", "key", ())


def test_a_folder_reads_its_shards_in_order(tmp_path):
    entries = [write_shard(tmp_path, Entry(name, f"{name}.parquet", "k", "b"), TABLE) for name in ("b", "a")]
    Manifest("step", "key", tuple(entries)).write(tmp_path)
    folder = ShardFolder.open(tmp_path)
    assert folder.read()["n"].to_pylist() == [1, 2, 3, 1, 2, 3]
    assert folder.starts == (0, 3, 6)
