"""Running commands as a user does, in a project of one's own."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from polymath.store.folder import MANIFEST, ShardFolder


def kedro(project: Path, *words: str, **given: object) -> subprocess.CompletedProcess[str]:
    """`kedro <words>` in the project."""
    command = [sys.executable, "-m", "kedro", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, **given)  # type: ignore[call-overload]


def run(project: Path, *words: str) -> str:
    """`kedro run` that must succeed; what it printed."""
    result = kedro(project, "run", "--pipeline=curate", *words)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """What `make` leaves at a path, once in a session, whichever module and process of it asks first. Nobody changes it."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # the processes of xdist share the folder above
    path, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            make(path)
            done.touch()
    return path


def copy_of(path: Path, factory: pytest.TempPathFactory) -> Path:
    """One's own copy of a project that was made once."""
    return shutil.copytree(path, factory.mktemp(path.name) / "project")


def heed_interrupts() -> None:
    """For the child of a test that interrupts it: what is started in the background of a shell ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def digests(project: Path) -> dict[str, str]:
    """The digest of every finished dataset."""
    return {path.parent.name: ShardFolder.open(path.parent).digest for path in project.glob(f"data/*/*/{MANIFEST}")}


def folder(project: Path, name: str) -> ShardFolder:
    """A finished dataset by name."""
    return ShardFolder.open(next(project.glob(f"data/*/{name}")))
