"""Rows of earlier tables, found and copied."""

import numpy as np
import pyarrow as pa
import pytest

from polymath.store.rows import find_rows, pick_rows, read_sound
from polymath.store.shards import Entry, Shard, write_shard

TABLE = pa.table(
    {"n": range(12), "name": pa.array(list("aabbccddeeff")).dictionary_encode(), "l": [[n] * n for n in range(12)]}
)


def test_rows_are_found_by_their_keys():
    known, wanted = np.array([7, 3, 9], np.uint64), np.array([9, 1, 7, 10], np.uint64)
    assert find_rows(known, wanted).tolist() == [2, -1, 0, -1]
    assert find_rows(known[:0], wanted).tolist() == [-1] * 4


@pytest.mark.parametrize(
    "rows", [[], [3], list(range(12)), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10], [8, 9, 10, 11, 2, 3, 4, 5], [5, 3, 3, 11, 0]]
)
def test_rows_are_picked_in_the_order_given_whether_they_are_neighbours_or_not(rows):
    chunked = pa.concat_tables([TABLE.slice(0, 5), TABLE.slice(5)])
    for table in (TABLE, chunked):
        assert pick_rows(table, np.array(rows, np.int64)).to_pylist() == [TABLE.to_pylist()[row] for row in rows]


def test_a_shard_that_is_damaged_or_was_replaced_is_not_read(tmp_path):
    shards = [Shard(tmp_path, write_shard(tmp_path, Entry(n, f"{n}.parquet", "k", "b"), TABLE)) for n in "abc"]
    write_shard(tmp_path, Entry("b", "b.parquet", "k", "b"), TABLE.slice(1))
    (tmp_path / "c.parquet").write_bytes(b"x" * shards[2].entry.bytes)
    assert [table.num_rows for table in read_sound(shards, ["n"])] == [12]
