"""Killed with -9 before every single change that it makes on disk, a chain of datasets ends as if nothing had happened."""

import multiprocessing
import signal
from pathlib import Path

import pytest

from tests.faults import crashing


def crash(folder: Path, moment: int, factor: int = 2) -> bool:
    """Whether it was killed; else there were no more changes and it came to its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["polymath.engine.preload", "tests.faults.crashing"])
    process = context.Process(target=crashing.make_until, args=(folder, moment, factor))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def files(folder: Path) -> list[str]:
    return sorted(path.name for name in ("first", "second") for path in (folder / name).iterdir())


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.proof)])
def test_at_every_crash_point_a_rerun_ends_with_the_same_digests_and_files(tmp_path, step):
    """Every seventh change; all of them in `make proof`."""
    whole = crashing.make(tmp_path / "whole")
    moment = 1
    while crash(tmp_path / f"at{moment}", moment):
        folder = tmp_path / f"at{moment}"
        assert crashing.make(folder) == whole
        assert files(folder) == files(tmp_path / "whole")
        calls = len(list((folder / "log").iterdir()))
        assert calls <= crashing.ITEMS + 2 * crashing.PIECES + 1, "what stood whole was made again"
        moment += step
    assert moment > 50


def test_killed_again_and_again_it_still_gets_there(tmp_path):
    whole = crashing.make(tmp_path / "whole")
    for moment in (3, 9, 12, 15, 2):
        crash(tmp_path / "often", moment)
    assert crashing.make(tmp_path / "often") == whole
    assert files(tmp_path / "often") == files(tmp_path / "whole")


def test_killed_while_another_config_replaces_what_stands_nothing_is_mixed(tmp_path):
    """The old manifest must be gone before the first old shard is."""
    old, new = crashing.make(tmp_path / "old", 2), crashing.make(tmp_path / "new", 5)
    for moment in range(2, 14, 3):
        folder = tmp_path / f"at{moment}"
        crashing.make(folder, 2)
        assert crash(folder, moment, 5)
        assert crashing.make(folder, 5 if moment % 2 else 2) == (new if moment % 2 else old)
