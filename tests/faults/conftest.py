"""A disk of a test's own, as small or as read-only as it should be."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Disk = Callable[..., Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """`disk(size="2m")` mounts a small file system, `disk(options="remount,ro")` changes it; skipped without root."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(**given: str) -> Path:
        options = given.get("options") or f"size={given['size']}"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"a file system cannot be mounted here ({done.stderr.strip()}): it takes root")
        return place

    yield mount
    subprocess.run(["umount", "-l", place], capture_output=True, check=False)
