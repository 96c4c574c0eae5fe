"""Running commands as a user does, in a project of one's own."""

import signal
import subprocess
import sys
from pathlib import Path

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


def heed_interrupts() -> None:
    """For the child of a test that interrupts it: what is started in the background of a shell ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def digests(project: Path) -> dict[str, str]:
    """The digest of every finished dataset."""
    return {path.parent.name: ShardFolder.open(path.parent).digest for path in project.glob(f"data/*/*/{MANIFEST}")}


def folder(project: Path, name: str) -> ShardFolder:
    """A finished dataset by name."""
    return ShardFolder.open(next(project.glob(f"data/*/{name}")))
