"""A clock that jumps: what a run makes and what it makes again depend on bytes, never on times."""

import os
import time

import pytest

from polymath.engine.save import save_plan
from polymath.tracking import Tracker, read_records
from polymath.tracking.record import TrackingConfig
from tests.pipelines.curate.test_ingest import QA, plan
from tests.tracking.test_record import made

LONG_AGO, LONG_AFTER = 0, 2**32


@pytest.mark.parametrize("moment", [LONG_AGO, LONG_AFTER])
def test_files_of_another_time_are_the_same_files(tmp_path, moment):
    source, folder = tmp_path / "qa.jsonl", tmp_path / "records"
    source.write_text('{"q": "Who?", "a": "Ann."}\n')
    first = save_plan(plan(tmp_path, {"qa": QA}), folder)
    for path in (source, *folder.iterdir()):
        os.utime(path, (moment, moment))
    again = save_plan(plan(tmp_path, {"qa": QA}), folder)
    assert again.digest == first.digest
    assert {path.stat().st_mtime for path in folder.iterdir()} == {moment}, "something was written again"


def test_a_file_that_changed_within_a_tick_of_the_clock_and_kept_its_size_is_read_again(tmp_path):
    source = tmp_path / "qa.jsonl"
    source.write_text('{"q": "Who?", "a": "Ann."}\n')
    os.utime(source, (LONG_AGO, LONG_AGO))
    first = save_plan(plan(tmp_path, {"qa": QA}), tmp_path / "records")
    source.write_text('{"q": "Who?", "a": "Bob."}\n')
    os.utime(source, (LONG_AGO, LONG_AGO))
    again = save_plan(plan(tmp_path, {"qa": QA}), tmp_path / "records")
    assert again.digest != first.digest
    assert again.read(["reply"])["reply"].to_pylist() == ["Bob."]


def test_a_run_that_ends_before_it_began_took_no_time(tmp_path, monkeypatch):
    class NoDatasets(dict):
        exists = dict.__contains__

    tracker = Tracker(tmp_path, TrackingConfig(enabled=False), made("r1", started=time.time()), lambda told: None)
    monkeypatch.setattr(time, "time", lambda: 1.0)
    tracker.finish(NoDatasets(), ())
    [record] = read_records(tmp_path)
    assert record.metrics["seconds"] == 0
