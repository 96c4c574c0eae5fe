"""Split: siblings together, nothing in two splits, nothing moves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polymath.mixing.straddle import straddlers
from polymath.pipelines.curate.split import SplitConfig, find_straddlers, key_groups, split_records, splits_of
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

HALF = SplitConfig(validation=0.25, test=0.25)
LONG = "a passage that is long enough to be shared on purpose"


def split(tmp_path, sources, config=HALF):
    records = records_of(tmp_path / "records", sources)
    run, kept = runner(tmp_path), all_kept(tmp_path / "kept", records)
    keys = run("keys", key_groups(records, ENGINE))
    straddling = run("straddling", find_straddlers(records, keys, kept, config, ENGINE))
    decided = run("split", split_records(records, keys, kept, straddling, config, ENGINE))
    ids = records.read(["id"])["id"].to_pylist()
    return dict(zip(ids, decided.read().to_pylist(), strict=True))


def qa(n, **fields):
    return {"prompt": f"Question number {n} of them?", "reply": "r", **fields}


def test_members_of_a_group_are_never_parted(tmp_path):
    rows = [qa(n, group=f"article {n % 20}") for n in range(200)]
    decided = list(split(tmp_path, {"a": rows}).values())
    assert all(len({decided[n]["split"] for n in range(g, 200, 20)}) == 1 for g in range(20))
    assert len({row["split"] for row in decided}) == 3


def test_a_passage_shared_by_sources_stands_in_one_split(tmp_path):
    rows = {name: [qa(n, context=f"{LONG} {n}") for n in range(50)] for name in ("a", "b")}
    decided = split(tmp_path, rows)
    assert all(decided[f"a/{n}"]["split"] == decided[f"b/{n}"]["split"] for n in range(50))


def test_old_records_never_move_when_a_source_is_added(tmp_path):
    old = {"a": [qa(n) for n in range(100)]}
    before = split(tmp_path / "before", old)
    after = split(tmp_path / "after", {**old, "b": [qa(n + 1000) for n in range(100)]})
    assert all(after[name]["split"] == row["split"] for name, row in before.items())


def test_a_record_that_bridges_two_splits_is_removed(tmp_path):
    groups = np.array([f"g{n}" for n in range(40)])
    first = [qa(n, group=groups[0], context=LONG) for n in range(1)]
    others = [qa(n + 1, group=name, context=LONG) for n, name in enumerate(groups[1:])]
    decided = split(tmp_path, {"a": first, "b": others})
    home = decided["a/0"]["split"]
    assert decided["a/0"]["kept"]
    for name, row in decided.items():
        assert row["kept"] == (row["split"] == home), name
        assert row["reason"] in (None, "straddles_split")
    assert not all(row["kept"] for row in decided.values())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=40))
def test_straddlers_are_those_of_a_plain_loop(rows):
    owner, expected = {}, []
    for content, side in rows:
        expected.append(content != 0 and owner.setdefault(content, side) != side)
    content = np.array([row[0] for row in rows], np.uint64)
    side = np.array([row[1] for row in rows], np.uint8)
    assert straddlers(content, side, np.arange(len(rows))).tolist() == expected


def test_shares_come_out_as_asked():
    shares = np.bincount(
        splits_of(
            np.random.default_rng(0).integers(1, 2**63, 100_000).astype(np.uint64), SplitConfig(validation=0.1, test=0.05)
        )
    )
    assert np.allclose(shares / 100_000, [0.85, 0.1, 0.05], atol=0.005)


def test_another_salt_draws_other_groups():
    groups = np.arange(1, 1000).astype(np.uint64)
    assert (splits_of(groups, HALF) != splits_of(groups, HALF.model_copy(update={"salt": "other"}))).mean() > 0.3


def test_shares_that_leave_nothing_are_refused():
    with pytest.raises(ValidationError, match="leave nothing to train on"):
        SplitConfig(validation=0.5, test=0.5)
