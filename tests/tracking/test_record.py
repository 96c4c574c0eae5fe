import json

import pytest

from polymath.errors import UserError
from polymath.tracking.record import RECORD, RUNS, RunRecord, find_run, read_records


def made(id: str, name: str = "a", started: float = 0.0, **more) -> RunRecord:
    return RunRecord(id=id, name=name, started=started, pipeline="curate", command="kedro run", environment="local", **more)


EVERY = [
    made("20260101-090000-aaaa", "base"),
    made("20260101-100000-bbbb", "strict"),
    made("20260102-090000-cccc", "strict"),
]


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = made("20260101-090000-aaaa", metrics={"records_kept": 3.0}, parameters={"a.b": "1"}, changed={"a.b": "2"})
    record.write(tmp_path)
    assert read_records(tmp_path) == [record]
    assert [path.name for path in record.folder(tmp_path).iterdir()] == [RECORD], "nothing half-written is left"


def test_runs_are_read_the_oldest_first_and_damaged_ones_are_left_out(tmp_path):
    late, early = made("20260101-090000-late", started=2.0), made("20260101-090001-soon", started=1.0)
    for record in (late, early):
        record.write(tmp_path)
    for name, text in (("cut", '{"id": "cut", "na'), ("other", "[]"), ("less", '{"id": "less"}')):
        (tmp_path / RUNS / name).mkdir()
        (tmp_path / RUNS / name / RECORD).write_text(text)
    assert read_records(tmp_path) == [early, late]


def test_a_record_of_another_version_is_read_without_what_is_not_known(tmp_path):
    record = made("20260101-090000-aaaa")
    record.write(tmp_path)
    path = record.folder(tmp_path) / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"mood": "good"}))
    assert read_records(tmp_path) == [record]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("20260101-090000-aaaa", "aaaa"),
        ("20260102", "cccc"),
        ("bbbb", "bbbb"),
        ("base", "aaaa"),
        ("strict", "cccc"),
        ("last", "cccc"),
        ("previous", "bbbb"),
    ],
)
def test_a_run_is_found_by_its_id_a_part_of_it_its_name_or_its_place(word, expected):
    assert find_run(EVERY, word).id.endswith(expected)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("2026", "'2026' stands for 3 runs: 20260101-090000-aaaa, 20260101-100000-bbbb, 20260102-090000-cccc"),
        ("stric", "'stric' is not a run .*did you mean 'strict'"),
        ("202", "'202' is not a run"),
    ],
)
def test_a_word_that_names_no_run_or_several_is_an_error(word, message):
    with pytest.raises(UserError, match=message):
        find_run(EVERY, word)


def test_before_the_first_run_the_error_says_how_to_make_one():
    with pytest.raises(UserError, match="no run to look at yet; run: kedro run --pipeline=curate"):
        find_run([], "last")
    with pytest.raises(UserError, match="'previous' is not a run"):
        find_run(EVERY[:1], "previous")
