"""The local engine: this process, or a pool of worker processes that lives as long as the run."""

import atexit
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from polymath.engine.contract import EngineConfig
from polymath.engine.pool import ATTEMPTS, Pool, WorkerLost
from polymath.errors import UserError

_pools: dict[tuple[int, int | None], Pool] = {}


def workers_of(config: EngineConfig) -> int:
    """How many processes the config asks for on this machine."""
    return len(os.sched_getaffinity(0)) if config.workers == "auto" else int(config.workers)


def run_tasks(
    function: Callable[[Any], Any], tasks: Mapping[str, Any], sizes: Mapping[str, int], config: EngineConfig, step: str
) -> Iterator[tuple[str, Any]]:
    """Yield `(name, function(task))` as they finish, the largest first; one task alone runs in this process."""
    names = sorted(tasks, key=lambda name: -sizes[name])
    workers = workers_of(config)
    if workers == 1 or len(names) == 1:
        for name in names:
            try:
                yield name, function(tasks[name])
            except MemoryError as error:
                raise _too_large(step, name, "is out of memory", config) from error
        return
    pool = _pools.setdefault((workers, config.worker_mb), Pool(workers, config.worker_mb))
    try:
        yield from pool.run(function, {name: tasks[name] for name in names})
    except WorkerLost as error:
        what = "was out of memory" if error.out_of_memory else "was killed"
        more = "" if error.out_of_memory else " (out of memory?)"
        raise _too_large(step, error.task, f"{what} {ATTEMPTS} times{more}", config) from error


def _too_large(step: str, task: str, what: str, config: EngineConfig) -> UserError:
    ways = ["smaller shards (ingest.shard_mb=8)"]
    ways += ["fewer workers (engine.workers=1)"] if workers_of(config) > 1 else []
    ways += [f"a higher limit than engine.worker_mb={config.worker_mb}"] if config.worker_mb else []
    return UserError(f"{step}: the worker on shard {task!r} {what}; use {' or '.join(ways)}")


@atexit.register
def close() -> None:
    """End all worker processes."""
    for pool in _pools.values():
        pool.close()
    _pools.clear()
