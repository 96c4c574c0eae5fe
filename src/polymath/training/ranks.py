"""What a rank knows of itself, and the one line in which it speaks to whoever launched it."""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

MARK = "@polymath "
WATCHED = "POLYMATH_LAUNCHER_HOLDS_STDIN"
"""Set by the launcher for the ranks on its own machine."""


def rank() -> int:
    """The number of this process, 0 where it is alone."""
    return int(os.environ.get("RANK", 0))


def say(kind: str, **facts: Any) -> None:
    """A line that the launcher understands; everything else that a rank prints is noise to it."""
    sys.stdout.write(MARK + json.dumps({"kind": kind, **facts}) + "\n")
    sys.stdout.flush()


def heard(line: str) -> dict[str, Any] | None:
    """What a line says, None for noise."""
    _, mark, said = line.partition(MARK)
    if not mark:
        return None
    try:
        facts: dict[str, Any] = json.loads(said)
    except json.JSONDecodeError:
        return None
    return facts


def end_with_the_launcher() -> None:
    """Leave when the launcher is gone, however it went: its end of our standard input closes with it."""
    if os.environ.get(WATCHED):
        threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)
