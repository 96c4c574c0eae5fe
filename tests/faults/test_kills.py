"""Stopped at any moment, in any step, with one worker or two, the next run goes on and ends as if nothing had been."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import new_project
from tests.faults.projects import QA, TEXT, curate, make_small, questions, write_rows
from tests.running import digests, heed_interrupts, kedro

TINY = "--env=tiny"
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PLANNED = 8
"""Kills in one project; each comes an eighth of a run's files after the one before, so that they fall in every step."""


def make(path: Path) -> Path:
    """A project of three sources, so that two workers have work."""
    pages = [{"text": f"{row['q']} {row['a']} " * 9} for row in questions(9, 40)]
    rows = {"a": questions(1, 120), "b": [*questions(2, 120), "{broken"], "pages": pages}
    project = make_small(
        new_project(path), {name: {**(TEXT if name == "pages" else QA), "path": f"{name}.jsonl"} for name in rows}
    )
    for name, held in rows.items():
        write_rows(project, f"{name}.jsonl", held)
    return project


def changes(project: Path) -> int:
    """How many files of datasets there are: what a run has done so far."""
    return sum(len(os.listdir(path)) for path in project.glob("data/0[2-7]*/*/") if path.name != "runs")


def start(project: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kedro", "run", "--pipeline=curate", TINY, f"--params=engine.workers={workers}"]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        command, cwd=project, stdout=quiet, stderr=quiet, start_new_session=True, preexec_fn=heed_interrupts
    )


def stop(project: Path, workers: int, how: signal.Signals, after: int, rng: random.Random) -> bool:
    """Start a run and stop it a moment after it has made so many files; whether it was still at work."""
    process = start(project, workers)
    while process.poll() is None and changes(project) < after:
        time.sleep(0.01)
    time.sleep(rng.uniform(0, 0.1))
    process.send_signal(how)
    process.wait(60)
    assert process.returncode in (0, 130, -how), process.returncode
    for _ in range(100):
        if not _is_left(process.pid):
            return process.returncode != 0
        time.sleep(0.1)
    raise AssertionError(f"a process of the run was left after {how.name}")


def _is_left(group: int) -> bool:
    """Whether a process of the session still lives, but for those that only wait to be buried."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of_group = path.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(of_group) == group and state != "Z":
            return True
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    project = make(tmp_path_factory.mktemp("whole") / "project")
    curate(project, engine={"workers": 1})
    return project


def kill_often(whole: Path, project: Path, workers: int, kills: int, seed: int) -> int:
    """Stop runs of one project, then let one end: it must have what the undisturbed one has. Returns how many were at work."""
    rng, every = random.Random(seed), changes(whole)
    killed = 0
    for number in range(kills):
        after = int(every * (number + rng.random()) / kills)
        killed += stop(project, workers, rng.choice(SIGNALS), after, rng)
    curate(project, engine={"workers": 1})
    assert digests(project) == digests(whole)
    left = [path for path in project.glob("data/0[2-7]*/*/.*") if path.is_file()]
    assert not left, "what was half written is swept away"
    return killed


def test_stopped_in_two_steps_with_one_worker_it_goes_on(whole, tmp_path):
    """Five times with two workers: in `test_curate`."""
    assert kill_often(whole, make(tmp_path / "project"), 1, 2, seed=5)


@pytest.mark.proof
@pytest.mark.parametrize("workers", [1, 2])
def test_stopped_again_and_again_in_every_step_it_ends_with_the_same_digests(whole, tmp_path, workers):
    """Fifty times with one worker and with two together; what came after the end of a run does not count."""
    killed, seed = 0, workers * 100
    while killed < 25:
        seed += 1
        killed += kill_often(whole, make(tmp_path / str(seed)), workers, PLANNED, seed)


@pytest.mark.proof
def test_of_two_runs_at_once_one_is_refused_and_the_other_ends_whole(whole, tmp_path):
    project = make(tmp_path / "project")
    first = start(project, 1)
    while first.poll() is None and not changes(project):
        time.sleep(0.05)
    second = kedro(project, "run", "--pipeline=curate", TINY)
    assert second.returncode == 1, second.stdout
    assert f"another run is at work in this project (process {first.pid}" in second.stderr
    assert first.wait(120) == 0
    assert digests(project) == digests(whole)
