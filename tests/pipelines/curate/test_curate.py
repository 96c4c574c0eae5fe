"""The whole of curate, as a user runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from polymath.store.folder import ShardFolder


def kedro(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kedro", *words]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(make_project) -> Path:
    project = make_project()
    result = kedro(project, "run", "--pipeline=curate", "--env=tiny")
    assert result.returncode == 0, result.stdout + result.stderr
    return project


def test_a_run_ends_by_saying_what_was_made_and_removed(finished):
    result = kedro(finished, "run", "--pipelines=curate", "--env=tiny")
    assert "made" in result.stdout
    assert "removed" in result.stdout


def test_a_second_run_changes_nothing(finished):
    def digests() -> dict[str, str]:
        return {path.parent.name: ShardFolder.open(path.parent).digest for path in finished.glob("data/*/*/_manifest.json")}

    before = digests()
    assert len(before) == 33
    result = kedro(finished, "run", "--pipeline=curate", "--env=tiny")
    assert result.stdout.count("unchanged") == 10
    assert digests() == before
