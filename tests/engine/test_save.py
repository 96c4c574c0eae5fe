"""Saving a plan: make what is missing, take what is there, write the manifest last."""

import json
import os
import time
from dataclasses import replace

import pyarrow as pa
import pytest

from polymath.engine import progress
from polymath.engine.contract import EngineConfig, Item, Plan, still_fits
from polymath.engine.save import save_plan
from polymath.errors import UserError
from polymath.store.folder import MANIFEST, Manifest
from tests.engine import works

ONE = EngineConfig(workers=1)
TWO = EngineConfig(workers=2)


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return works.Log(tmp_path / "log")


def plan_of(work, log, numbers=(1, 2, 3, 4), factor=2, **more):
    items = tuple(Item(f"n{n}", (works.Number(n), log), n) for n in numbers)
    config = None if more.get("streams") or more.get("reuses") else works.Factor(factor=factor)
    return Plan("test", work, items, config, engine=more.pop("engine", ONE), **more)


def test_a_second_save_with_equal_keys_does_and_writes_nothing(tmp_path, log):
    first = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    second = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    assert second.digest == first.digest
    assert log.calls() == 4
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()} == before


def test_a_new_item_makes_its_own_shard_only(tmp_path, log):
    save_plan(plan_of(works.multiply, log), tmp_path / "made")
    folder = save_plan(plan_of(works.multiply, log, (1, 2, 3, 4, 5)), tmp_path / "made")
    assert log.calls() == 5
    assert folder.read()["n"].to_pylist() == [2] * 3 + [4] * 3 + [6] * 3 + [8] * 3 + [10] * 3


def test_what_is_no_longer_wanted_is_swept_away(tmp_path, log):
    save_plan(plan_of(works.multiply, log), tmp_path / "made")
    (tmp_path / "made" / ".n9.parquet.77.tmp").write_text("left by a killed run")
    save_plan(plan_of(works.multiply, log, (1, 2)), tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [MANIFEST, "n1.parquet", "n2.parquet"]


@pytest.mark.parametrize("change", [{"version": 2}, {"factor": 3}])
def test_another_version_or_config_makes_everything_again(tmp_path, log, change):
    save_plan(plan_of(works.multiply, log), tmp_path / "made")
    save_plan(plan_of(works.multiply, log, **change), tmp_path / "made")
    assert log.calls() == 8


def test_killed_between_shards_and_manifest_the_shards_are_taken(tmp_path, log):
    whole = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    (tmp_path / "made" / MANIFEST).unlink()
    (tmp_path / "made" / "n2.parquet").unlink()
    again = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    assert log.calls() == 5
    assert again.manifest.digest == whole.manifest.digest


def test_a_shard_whose_file_is_cut_is_made_again(tmp_path, log):
    whole = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    path = tmp_path / "made" / "n2.parquet"
    path.write_bytes(path.read_bytes()[:-8])
    assert save_plan(plan_of(works.multiply, log), tmp_path / "made").digest == whole.digest
    assert log.calls() == 5


def damage(path):
    """One bit changed: the size stays the same."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("manifest", [True, False])
def test_damaged_shards_are_named_and_made_again_when_asked(tmp_path, log, form, manifest):
    whole = save_plan(plan_of(works.multiply, log), tmp_path / "made", form)
    expected = whole.read()
    for name in ("n2", "n4"):
        damage(tmp_path / "made" / f"{name}.{form}")
    if not manifest:
        (tmp_path / "made" / MANIFEST).unlink()
    told = []
    progress.listeners.append(lambda event: told.append(event.told) if event.told else None)
    try:
        again = save_plan(plan_of(works.multiply, log, engine=EngineConfig(workers=1, verify=True)), tmp_path / "made", form)
    finally:
        progress.listeners.pop()
    assert again.read().equals(expected)
    assert again.digest == whole.digest
    if manifest:  # without one only the values tell, and a bit beside them may be another
        assert log.calls() == 6
        assert told == [f"{tmp_path / 'made' / name} is damaged and is made again" for name in (f"n2.{form}", f"n4.{form}")]


def test_a_sound_folder_is_left_alone_when_it_is_verified(tmp_path, log):
    save_plan(plan_of(works.multiply, log), tmp_path / "made")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()}
    save_plan(plan_of(works.multiply, log, engine=EngineConfig(workers=1, verify=True)), tmp_path / "made")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "made").iterdir()} == before


def test_damage_is_not_hidden_by_a_plan_that_adds_to_the_folder(tmp_path, log):
    """The new manifest keeps the old checksum of a shard that it takes over, not that of the damage."""
    save_plan(plan_of(works.multiply, log), tmp_path / "made", "arrow")
    damage(tmp_path / "made" / "n2.arrow")
    folder = save_plan(plan_of(works.multiply, log, (1, 2, 3, 4, 5)), tmp_path / "made", "arrow")
    with pytest.raises(UserError, match=r"n2\.arrow: the shard is damaged"):
        folder.read()


@pytest.mark.parametrize("manifest", [True, False])
def test_what_is_set_aside_is_made_again_when_it_is_gone(tmp_path, log, manifest):
    whole = save_plan(plan_of(works.set_aside, log), tmp_path / "made")
    (tmp_path / "made" / "n3.aside.parquet").unlink()
    if not manifest:
        (tmp_path / "made" / MANIFEST).unlink()
    again = save_plan(plan_of(works.set_aside, log), tmp_path / "made")
    assert again.shards[2].read_aside().equals(whole.shards[2].read_aside())
    assert log.calls() == 5


@pytest.mark.parametrize("layout", [0, 99])
def test_shards_behind_a_manifest_of_another_version_are_taken_and_it_is_written_anew(tmp_path, log, layout):
    whole = save_plan(plan_of(works.multiply, log), tmp_path / "made")
    path = tmp_path / "made" / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "layout": layout}))
    assert save_plan(plan_of(works.multiply, log), tmp_path / "made").digest == whole.digest
    assert log.calls() == 4


def test_a_slow_disk_changes_nothing(tmp_path, log, monkeypatch):
    whole = save_plan(plan_of(works.multiply, log), tmp_path / "fast")
    monkeypatch.setattr(os, "fsync", lambda descriptor: time.sleep(0.05))
    assert save_plan(plan_of(works.multiply, log), tmp_path / "slow").digest == whole.digest


def test_a_changed_plan_takes_the_old_manifest_away_before_it_touches_a_shard(tmp_path, log):
    save_plan(plan_of(works.multiply, log), tmp_path / "made")
    with pytest.raises(ValueError, match="three is a bad number"):
        save_plan(plan_of(works.fail_on_three, log), tmp_path / "made")
    assert Manifest.read(tmp_path / "made") is None


def test_a_streaming_work_goes_on_after_its_last_whole_piece(tmp_path, log):
    whole = save_plan(plan_of(works.count_up, log, (1, 2), streams=True), tmp_path / "made")
    assert whole.read()["n"].to_pylist() == [10, 11, 12, 20, 21, 22]
    for name in (MANIFEST, "n1-00002.parquet", "n2-00001.parquet", "n2-00002.parquet"):
        (tmp_path / "made" / name).unlink()
    before = log.calls()
    again = save_plan(plan_of(works.count_up, log, (1, 2), streams=True), tmp_path / "made")
    assert again.digest == whole.digest
    assert log.calls() - before == 3


@pytest.mark.parametrize("work", [works.multiply, works.die_once_on_three])
def test_two_workers_make_the_same_as_one(tmp_path, log, work):
    one = save_plan(plan_of(works.multiply, log), tmp_path / "one")
    two = save_plan(plan_of(work, log, engine=TWO), tmp_path / "two")
    assert two.digest == one.digest


def test_a_work_that_reuses_copies_what_an_earlier_shard_has(tmp_path, log):
    save_plan(plan_of(works.remember, log, (1, 2), reuses=True), tmp_path / "made")
    items = (Item("other", (works.Number(2), log)), Item("fresh", (works.Number(5), log)))
    folder = save_plan(replace(plan_of(works.remember, log, (), reuses=True), items=items), tmp_path / "made")
    assert folder.read()["made"].to_pylist() == [14, 35]
    assert log.calls() == 3


def test_what_is_fitted_is_kept_while_its_sources_stay(tmp_path, log):
    def fit(rows, number):
        return save_plan(plan_of(works.multiply, log, (number,), fitted_on=rows), tmp_path / "fitted")

    first = fit({"a": 100, "b": 50}, 1)
    assert fit({"a": 80, "b": 50, "c": 10}, 2).digest == first.digest
    assert fit({"a": 100, "c": 50}, 3).digest != first.digest


def test_a_fit_is_given_up_when_a_source_leaves_or_the_rows_double():
    assert still_fits({"a": 100}, {"a": 60, "b": 100})
    assert not still_fits({"a": 100}, {"b": 100})
    assert not still_fits({"a": 100}, {"a": 100, "b": 101})


def test_a_plan_runs_without_a_folder(log):
    assert [table["n"].to_pylist() for table in plan_of(works.multiply, log, (1, 2)).run()] == [[2] * 3, [4] * 3]


def test_progress_is_told_and_ends_with_the_whole(tmp_path, log):
    events: list[progress.Progress] = []
    progress.listeners.append(events.append)
    try:
        save_plan(plan_of(works.multiply, log), tmp_path / "made")
        save_plan(plan_of(works.multiply, log), tmp_path / "made")
    finally:
        progress.listeners.remove(events.append)
    done = [event.done for event in events[:-1]]
    assert done == sorted(done)
    assert [event.reused for event in events if event.finished] == [False, True]
    assert events[-1].rows == 12


def test_tables_are_the_same_whatever_the_form(tmp_path, log):
    folders = [save_plan(plan_of(works.multiply, log), tmp_path / form, form) for form in ("parquet", "arrow")]
    assert folders[0].digest == folders[1].digest
    assert isinstance(folders[1].read(), pa.Table)
