"""A disk that is full or read-only: one sentence with the way out, nothing half-written, and a rerun that goes on."""

import errno
import shutil

import pytest

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.engine.save import save_plan
from polymath.reporting.mishaps import DISK, sentence
from tests.conftest import new_project
from tests.engine import works
from tests.faults.projects import QA, curate, make_small, questions, write_rows
from tests.running import digests, kedro


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_full_disk_is_named_and_the_run_goes_on_when_there_is_room(tmp_path, disk, workers, form):
    place, log = disk(size="4m"), works.Log(tmp_path / "log")
    log.folder.mkdir()
    items = tuple(Item(f"n{n}", (works.Number(n), log), n) for n in (1, 2, 3, 4))
    plan = Plan("test", works.fill_disk, items, engine=EngineConfig(workers=workers))
    with pytest.raises(OSError, match="No space left") as caught:
        save_plan(plan, place / "made", form)
    said = sentence(caught.value)
    assert said.startswith(str(place / "made" / "n"))
    assert said.endswith("no space is left on its disk: make some; then run the same command again: it goes on from here")
    stands = sorted(path.name for path in (place / "made").glob("[!.]*"))
    assert 1 <= len(stands) < 4
    if workers == 1:  # another worker may be killed in the middle of its file; it is swept away later
        assert not list((place / "made").glob(".*"))
    calls = log.calls()
    disk(options="remount,size=64m")
    again = save_plan(plan, place / "made", form)
    assert again.digest == save_plan(plan, tmp_path / "elsewhere", form).digest
    assert log.calls() == calls + 4 - len(stands) + 4
    assert not list((place / "made").glob(".*"))


def test_curate_on_a_full_disk_ends_in_one_sentence_and_goes_on_with_the_same_digests(disk, make_project):
    project, whole = new_project(disk(size="64m") / "project"), make_project()
    for each in (project, whole):
        make_small(each, {"qa": {**QA, "path": "qa.jsonl"}})
        write_rows(each, "qa.jsonl", questions(1, 6000))
    (project / "filler").write_bytes(bytes(shutil.disk_usage(project).free - 400_000))
    curate(whole, "ingest.list_quarantined", engine={"workers": 1})
    stopped = kedro(project, "run", "--pipeline=curate", "--env=tiny", "--to-nodes=curate.ingest.list_quarantined")
    assert stopped.returncode == 1, stopped.stdout
    assert "no space is left on its disk: make some; then run the same command again" in " ".join(stopped.stderr.split())
    assert "Traceback" not in stopped.stdout + stopped.stderr
    (project / "filler").unlink()
    curate(project, "ingest.list_quarantined", engine={"workers": 1})
    assert digests(project) == digests(whole)


def test_a_read_only_project_is_one_sentence_without_a_traceback(disk):
    project = make_small(new_project(disk(size="64m") / "project"), {"qa": {**QA, "path": "qa.jsonl"}})
    write_rows(project, "qa.jsonl", questions(1, 10))
    disk(options="remount,ro")
    result = kedro(project, "run", "--pipeline=curate", "--env=tiny")
    assert result.returncode == 1
    assert "its disk is read-only: mount it for writing; then run the same command again" in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("number", DISK)
def test_whatever_a_disk_refuses_has_a_way_out(number):
    said = sentence(OSError(number, "refused", "data/x.parquet"))
    assert said.startswith("data/x.parquet: ")
    assert errno.errorcode[number] not in said
