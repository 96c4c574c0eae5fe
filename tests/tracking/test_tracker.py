"""The record reaches the project whatever becomes of MLflow, and MLflow with this run or a later one."""

import contextlib
import sqlite3
import time
from pathlib import Path

import pytest

from polymath.errors import UserError
from polymath.tracking import RunRecord, Tracker, read_records
from polymath.tracking.delivery import Delivery
from polymath.tracking.record import TrackingConfig
from polymath.tracking.tracker import close_killed
from tests.tracking.test_record import made

SILENT = TrackingConfig(enabled=False)
PASSWORD = "hunter2-and-more"


class NoDatasets:
    """A catalog of a pipeline that made nothing."""

    def keys(self) -> list[str]:
        return []

    def exists(self, name: str) -> bool:
        return False


@pytest.fixture
def told() -> list[str]:
    return []


def finished(project: Path, config: TrackingConfig, record: RunRecord, told: list[str]) -> RunRecord:
    Tracker(project, config, record, told.append).finish(NoDatasets(), ())
    return next(each for each in read_records(project) if each.id == record.id)


def test_a_run_is_in_the_project_from_its_first_moment_and_whole_at_its_end(tmp_path, told):
    tracker = Tracker(tmp_path, SILENT, made("r1"), told.append)
    assert [record.status for record in read_records(tmp_path)] == ["RUNNING"]
    tracker.finish(NoDatasets(), ())
    [record] = read_records(tmp_path)
    assert (record.status, told) == ("FINISHED", [])
    assert record.ended is not None


def test_a_run_that_fails_keeps_the_sentence_without_the_password_in_it(tmp_path, told):
    error = UserError(f"cannot read https://me:{PASSWORD}@host/file?token={PASSWORD}")
    Tracker(tmp_path, SILENT, made("r1"), told.append).fail(error)
    [record] = read_records(tmp_path)
    assert record.status == "FAILED"
    assert record.error == "cannot read https://host/file?token=***"


def test_a_run_that_was_killed_is_called_so_when_the_next_one_begins(tmp_path):
    made("r1").write(tmp_path)
    close_killed(tmp_path)
    assert [record.status for record in read_records(tmp_path)] == ["KILLED"]


def test_a_fault_of_the_record_never_fails_the_run(tmp_path, told):
    (tmp_path / "data").write_text("a file where the folder should be")
    Tracker(tmp_path, SILENT, made("r1"), told.append).finish(NoDatasets(), ())
    assert told
    assert all("cannot be" in line for line in told)


def test_a_store_that_is_away_gets_the_record_with_a_later_run(tmp_path, told):
    away = TrackingConfig(tracking_uri=f"http://me:{PASSWORD}@127.0.0.1:9", patience_seconds=0.5)
    first = finished(tmp_path, away, made("r1", "first", metrics={}), told)
    assert first.status == "FINISHED"
    assert len(told) == 1
    assert "sent with a later run" in told[0]
    assert PASSWORD not in told[0]
    assert not Delivery.of(first, tmp_path).sent

    back = TrackingConfig(tracking_uri="sqlite:///mlflow.db", patience_seconds=300)
    second = finished(tmp_path, back, made("r2", "second", started=1.0, parameters={"dial": "7"}), told)
    assert len(told) == 1, told
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        assert sorted(database.execute("select name, status from runs")) == [("first", "FINISHED"), ("second", "FINISHED")]
        assert list(database.execute("select key, value from params")) == [("dial", "7")]
    assert all(Delivery.of(record, tmp_path).sent for record in (first, second))


def test_a_store_that_is_locked_gets_the_record_with_a_later_run(tmp_path, told):
    """By another program that writes to it; the run does not wait for it any longer than it may."""
    with contextlib.closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as database:
        database.execute("create table others (one)")
        database.execute("begin exclusive")
        start = time.monotonic()
        hasty = TrackingConfig(tracking_uri="sqlite:///mlflow.db", patience_seconds=1)
        first = finished(tmp_path, hasty, made("r1", "first"), told)
        assert time.monotonic() - start < 30
        database.execute("rollback")
    assert first.status == "FINISHED"
    assert len(told) == 1
    assert "sent with a later run" in told[0]
    store = TrackingConfig(tracking_uri="sqlite:///mlflow.db", patience_seconds=300)
    second = finished(tmp_path, store, made("r2", "second"), told)
    assert len(told) == 1, told
    assert all(Delivery.of(record, tmp_path).sent for record in (first, second))
