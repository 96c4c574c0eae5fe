"""Decisions, and datasets that must be of one run."""

import numpy as np
import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.pipelines.curate.decisions import aligned, decide, side_by_side, undecided
from tests.pipelines.curate.made import folder_of


def rows(count):
    return pa.table({"row": range(count)})


def test_the_first_reason_counts_and_an_earlier_one_stays():
    start = undecided(pa.chunked_array([["text"] * 3]))
    first = decide(start, {"short": np.array([True, False, False]), "long": np.array([True, True, False])})
    second = decide(first, {"copy": np.array([True, True, True])})
    assert first["reason"].to_pylist() == ["short", "long", None]
    assert second["reason"].to_pylist() == ["short", "long", "copy"]
    assert second["kept"].to_pylist() == [False] * 3


def test_datasets_of_different_runs_are_refused(tmp_path):
    one = folder_of(tmp_path / "one", {"a-00000": rows(2), "b-00000": rows(3)})
    same = folder_of(tmp_path / "same", {"a-00000": rows(2), "b-00000": rows(1)})
    fewer = folder_of(tmp_path / "fewer", {"a-00000": rows(2)})
    other = folder_of(tmp_path / "other", {"a-00000": rows(2), "c-00000": rows(3)})
    assert [[shard.name for shard in pair] for pair in side_by_side(one, same)] == [["a-00000"] * 2, ["b-00000"] * 2]
    assert len(side_by_side(one, other, by_name=False)) == 2
    for call in (lambda: side_by_side(one, fewer), lambda: side_by_side(one, other), lambda: aligned(one, same)):
        with pytest.raises(UserError, match=r"one and .* come from different runs; run the whole pipeline"):
            call()
