"""One run at a time: a lock on the project that a killed process cannot leave behind."""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, Any

from polymath.errors import UserError


class ProjectLock:
    """A lock file held by the operating system for as long as its process lives."""

    def __init__(self, path: Path) -> None:
        """`path`: the lock file; it stays, only the lock on it comes and goes."""
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or say who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = _holder(file.read())
            file.close()
            raise UserError(
                f"another run is at work in this project (process {holder.get('pid', '?')}, since {holder.get('since', '?')}); "
                "wait for it, or stop it with Ctrl-C: nothing it has done is lost"
            ) from None
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "since": time.strftime("%H:%M:%S")}))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _holder(text: str) -> dict[str, Any]:
    """Who holds the lock, as far as can be read: it may be writing that just now."""
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        return {}
