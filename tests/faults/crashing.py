"""A chain of datasets that is killed at any chosen change of the file system, in a process of its own."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.engine.save import save_plan
from tests.engine import works

ONE = EngineConfig(workers=1)
ITEMS = 3
PIECES = 3


def make(folder: Path, factor: int = 2) -> dict[str, str]:
    """Two datasets: shards with something set aside, and a streaming one that depends on the first. Digests by name."""
    log = works.Log(folder / "log")
    log.folder.mkdir(parents=True, exist_ok=True)
    numbers = tuple(Item(f"n{n}", (works.Number(n), log), n) for n in range(1, ITEMS + 1))
    first = save_plan(Plan("first", works.set_aside, numbers, works.Factor(factor=factor), engine=ONE), folder / "first")
    streams = tuple(Item(f"s{n}", (works.Number(n), log, first), n) for n in (1, 2))
    second = save_plan(Plan("second", works.count_up_behind, streams, streams=True, engine=ONE), folder / "second")
    return {"first": first.digest, "second": second.digest}


def make_until(folder: Path, moment: int, factor: int) -> None:
    """The same, killed with -9 just before the `moment`-th change below `folder`."""
    left = moment

    def count() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if (writes or event in ("os.rename", "os.remove", "os.mkdir")) and str(arguments[0]).startswith(str(folder)):
            count()

    sync = os.fsync

    def half_written(descriptor: int) -> None:
        if left == 1:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
        count()
        sync(descriptor)

    os.fsync = half_written
    sys.addaudithook(watch)
    make(folder, factor)
