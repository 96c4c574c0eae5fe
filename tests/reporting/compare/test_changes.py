"""Changed fates against a plain comparison, on snapshots made by hand."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polymath.reporting.compare.changes import Fate, changed_records, find_changes
from polymath.reporting.compare.snapshot import FATE, Kept, Snapshot

FATES = st.tuples(
    st.sampled_from([None, "copy", "refusal"]), st.sampled_from(["chat", "code"]), st.sampled_from(["train", "test"])
)


def snapshot(folder, sources: dict[str, list[tuple]], group: int = 2) -> Snapshot:
    """Fates (reason, task, split) of each source, `group` records in a row group."""
    folder.mkdir(exist_ok=True)
    with pq.ParquetWriter(folder / "records.parquet", FATE) as writer:
        for source, fates in sources.items():
            for start in range(0, len(fates), group):
                rows = [
                    {"source": source, "number": n, "task": task, "reason": reason, "split": None if reason else split}
                    for n, (reason, task, split) in list(enumerate(fates))[start : start + group]
                ]
                writer.write_table(pa.Table.from_pylist(rows, schema=FATE))
    return Snapshot(folder, {name: Kept(len(fates), "same") for name, fates in sources.items()}, {"records": str(folder)})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pairs=st.lists(st.tuples(FATES, FATES), max_size=12), group=st.integers(1, 5))
def test_changed_records_are_those_whose_reason_task_or_split_differs(tmp_path, pairs, group):
    others = [(None, "chat", "train")] * 3
    before = snapshot(tmp_path / "a", {"x": others, "y": [pair[0] for pair in pairs], "z": others})
    after = snapshot(tmp_path / "b", {"x": others, "y": [pair[1] for pair in pairs], "z": others}, group)

    def differ(one: tuple, other: tuple) -> bool:
        return one[:2] != other[:2] or (one[0] is None and one[2] != other[2])

    expected = [f"y/{number}" for number, pair in enumerate(pairs) if differ(*pair)]
    assert [name for name, _, _ in changed_records(before, after, ["x", "y", "z"])] == expected
    assert sum(change.count for change in find_changes(before, after, ["x", "y", "z"], 2)) == len(expected)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ((None, "chat", "train"), ("copy", "chat", "train"), ("kept", "copy")),
        (("copy", "chat", "train"), ("refusal", "code", "train"), ("copy", "refusal")),
        ((None, "chat", "train"), (None, "code", "train"), ("kept as chat", "kept as code")),
        ((None, "chat", "train"), (None, "chat", "test"), ("kept in train", "kept in test")),
        ((None, "chat", "train"), (None, "code", "test"), ("kept as chat in train", "kept as code in test")),
        (("copy", "chat", "train"), ("copy", "code", "test"), ("copy as chat", "copy as code")),
    ],
)
def test_a_change_says_what_differs_and_no_more(tmp_path, before, after, told):
    one, other = snapshot(tmp_path / "a", {"x": [before]}), snapshot(tmp_path / "b", {"x": [after]})
    [change] = find_changes(one, other, ["x"], 3)
    assert (change.before, change.after) == told


def test_examples_are_spread_over_a_source_and_taken_from_one_source_after_another(tmp_path):
    kept, gone = (None, "chat", "train"), ("copy", "chat", "train")
    before = snapshot(tmp_path / "a", {"x": [kept] * 101, "y": [kept] * 3})
    after = snapshot(tmp_path / "b", {"x": [gone] * 101, "y": [gone] * 3})
    [change] = find_changes(before, after, ["x", "y"], 5)
    assert change.numbers == {"x": [0, 25, 50, 75, 100], "y": [0, 1, 2]}
    assert [example.id for example in change.examples(before, after, 5)] == ["x/0", "x/25", "x/50", "y/0", "y/1"]
    assert change.examples(before, after, 0) == []


@pytest.mark.parametrize(
    ("fate", "told"),
    [
        (Fate("chat", None, "test", None, None), "kept as chat in test"),
        (Fate("chat", "copy", None, None, "x/1"), "copy: it says the same as x/1"),
        (Fate("chat", "near_duplicate", None, 0.8123, "x/1"), "near_duplicate: it is 0.812 like x/1"),
        (Fate("chat", "benchmark_leak", None, 0.83, "gsm8k item 7"), "benchmark_leak: it holds 83% of gsm8k item 7"),
        (Fate("chat", "too_few_words", None, 12.0, None), "too_few_words: measured 12"),
        (Fate("chat", "over_source_cap", None, None, None), "over_source_cap"),
    ],
)
def test_a_fate_is_told_with_what_was_measured(fate, told):
    assert str(fate) == told
