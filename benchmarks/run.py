"""One contender in a process of its own: its CPU seconds, its peak memory, and what it answered."""

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.corpus import ROOT

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "RAYON", "POLARS_MAX", "ARROW_IO")
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "DO_NOT_TRACK": "1",
    "KEDRO_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
SAMPLED_EVERY = 0.25
"""Seconds between two looks at the memory."""
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Measured:
    """What a contender used and said."""

    cpu: float
    """Seconds of all its processes, start-up included."""
    wall: float
    peak_mb: float
    """Largest sum of proportional set sizes over all its processes, 10^6 bytes."""
    answer: dict[str, Any] = field(default_factory=dict)
    """What it returned, with `seconds` (CPU, of the work alone) where it timed that."""

    @property
    def seconds(self) -> float:
        """CPU seconds of the work, without imports and compilation where it told them apart."""
        return float(self.answer.get("seconds", self.cpu))


def call(function: str, *arguments: Any, python: str = sys.executable) -> Measured:
    """Call `module:function` with JSON-able arguments in a fresh process on one core; it returns a dict."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as answer:
        words = [python, "-m", "benchmarks.contender", function, answer.name, json.dumps(arguments)]
        measured = command(words, ROOT)
        measured.answer = json.loads(Path(answer.name).read_text("utf-8"))
    return measured


def command(words: list[str], folder: Path, cores: int = 1, threads: int = 1) -> Measured:
    """Run a command to its end and to that of all it started; a RuntimeError when it fails.

    `threads`: that libraries may use in each process.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # what it leaves behind is ours to wait for, and is counted
    usable = sorted(os.sched_getaffinity(0))[-cores:]
    environment = {**os.environ, **QUIET, **thread_limits(threads)}
    environment |= {"POLARS_MAX_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    before, started = _children_cpu(), time.monotonic()
    process = subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, usable),
    )
    with _Memory(process.pid) as memory:
        output, _ = process.communicate()
        wall = time.monotonic() - started
        _wait_for_orphans()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{output[-4000:]}")
    return Measured(_children_cpu() - before, wall, memory.peak / 1e6, {"output": output})


def thread_limits(threads: int) -> dict[str, str]:
    """Environment variables that hold libraries to so many threads."""
    return {f"{name}_NUM_THREADS": str(threads) for name in THREADS}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` returns, and the CPU seconds that it took in this process."""
    started = time.process_time()
    result = work()
    return result, time.process_time() - started


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wait_for_orphans() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


class _Memory(threading.Thread):
    """Looks at a process and all below it, until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self._done = pid, 0, threading.Event()

    def run(self) -> None:
        while not self._done.wait(SAMPLED_EVERY):
            self.peak = max(self.peak, sum(map(_pss, _descendants(os.getpid()))))

    def __enter__(self) -> "_Memory":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()


def _descendants(pid: int) -> list[int]:
    """All processes below `pid`."""
    found: list[int] = []
    for path in Path("/proc", str(pid), "task").glob("*/children"):
        with contextlib.suppress(OSError):  # it has just ended
            below = [int(child) for child in path.read_text().split()]
            found += [*below, *(each for child in below for each in _descendants(child))]
    return found


def _pss(pid: int) -> int:
    """Bytes; shared pages count by the share of those that share them."""
    try:
        lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has just ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
