"""Worker processes that outlive one plan: each does one task at a time, and the pool knows which one.

`concurrent.futures` breaks the whole pool when one worker is killed and cannot say which task it had; here the task is
tried again, and when it kills its worker every time, the run fails and names it.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

ATTEMPTS = 3
"""A worker that is killed (out of memory, by hand) takes its task with it; a task is tried this often in all."""


class WorkerLost(RuntimeError):
    """A task's worker was killed, or out of memory, `ATTEMPTS` times; `task` is its name."""

    def __init__(self, task: str, out_of_memory: bool) -> None:
        super().__init__(task)
        self.task = task
        self.out_of_memory = out_of_memory


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: str | None = None

    def end(self) -> None:
        """Kill it, if it still lives, and let nothing of it remain."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class Pool:
    """`size` processes, started at the first task and kept until `close`; `limit_mb`: the memory that each may take."""

    def __init__(self, size: int, limit_mb: int | None = None) -> None:
        self.size = size
        self.limit_mb = limit_mb
        self._workers: list[_Worker] = []

    def run(self, function: Callable[[Any], Any], tasks: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Yield `(name, function(task))` as they finish; tasks start in the mapping's order. An error in one ends all."""
        todo = list(tasks)
        lost = dict.fromkeys(todo, 0)
        try:
            while todo or any(worker.task for worker in self._workers):
                self._hand_out(function, tasks, todo)
                for worker in self._ready():
                    name = worker.task
                    assert name is not None
                    worker.task = None
                    answer = _receive(worker)
                    out_of_memory = answer is not None and isinstance(answer[1], MemoryError)
                    if answer is not None and not out_of_memory:
                        yield name, _value(answer)
                        continue
                    self._workers.remove(worker)
                    worker.end()
                    lost[name] += 1
                    if lost[name] == ATTEMPTS:
                        raise WorkerLost(name, out_of_memory)
                    todo.insert(0, name)
        except BaseException:
            self.close()  # an error, Ctrl-C, or a reader that stopped: nobody waits for what still runs
            raise

    def close(self) -> None:
        """Kill the workers; they hold nothing that is not on disk or to be made again."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def _hand_out(self, function: Callable[[Any], Any], tasks: Mapping[str, Any], todo: list[str]) -> None:
        while len(self._workers) < min(self.size, len(todo) + sum(w.task is not None for w in self._workers)):
            self._workers.append(_start(self.limit_mb))
        for worker in self._workers:
            if worker.task is None and todo:
                name = todo.pop(0)
                worker.task = name
                with contextlib.suppress(BrokenPipeError):  # it died while idle: seen at once by `_ready`
                    worker.pipe.send((function, tasks[name]))

    def _ready(self) -> list[_Worker]:
        """Busy workers that have answered or died."""
        busy = [worker for worker in self._workers if worker.task is not None]
        ready = wait([w.pipe for w in busy] + [w.process.sentinel for w in busy])
        return [w for w in busy if w.pipe in ready or w.process.sentinel in ready]


def _receive(worker: _Worker) -> Any:
    """The worker's answer; None when it died without one."""
    try:
        return worker.pipe.recv() if worker.pipe.poll() else None
    except (EOFError, ConnectionResetError):
        return None


def _value(answer: tuple[bool, Any]) -> Any:
    good, value = answer
    if not good:
        raise value
    return value


def _start(limit_mb: int | None) -> _Worker:
    """A fresh process. By `forkserver`, because this one has threads (Arrow, MLflow) that a fork would break."""
    context: Any = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
    if sys.platform != "win32":
        context.set_forkserver_preload(["polymath.engine.preload"])
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, limit_mb), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(pipe: Connection, limit_mb: int | None) -> None:
    """A worker's life: tasks in, answers out, until the pipe or the parent is gone."""
    if limit_mb:
        _limit_memory(limit_mb)
    import pyarrow as pa

    pa.set_cpu_count(1)  # the pool is the parallelism
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            function, task = pipe.recv()
        except EOFError:
            return
        try:
            answer = (True, function(task))
        except Exception as error:
            error.add_note("in a worker process:\n" + traceback.format_exc())
            answer = (False, error)
        _answer(pipe, answer)


def _limit_memory(limit_mb: int) -> None:
    """Beyond it an allocation fails, so that this task fails by name, and not whatever the machine would choose to kill."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (limit_mb * 2**20, resource.RLIM_INFINITY))


def _answer(pipe: Connection, answer: tuple[bool, Any]) -> None:
    try:
        pipe.send(answer)
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:  # an exception that cannot be pickled: its text can
        pipe.send((False, RuntimeError(f"{answer[1]!r} ({error})")))


def _die_with_parent() -> None:
    """A parent killed with -9 cannot tell its workers: they watch it."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
