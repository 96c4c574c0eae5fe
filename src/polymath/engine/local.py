"""The local engine: this process, or a pool of worker processes that lives as long as the run."""

import atexit
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from polymath.engine.contract import EngineConfig
from polymath.engine.pool import ATTEMPTS, Pool, WorkerLost
from polymath.errors import UserError

_pools: dict[int, Pool] = {}


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
        yield from ((name, function(tasks[name])) for name in names)
        return
    pool = _pools.setdefault(workers, Pool(workers))
    try:
        yield from pool.run(function, {name: tasks[name] for name in names})
    except WorkerLost as error:
        raise UserError(
            f"{step}: the worker on shard {error.task!r} was killed {ATTEMPTS} times (out of memory?); "
            "use fewer workers (engine.workers=1) or smaller shards (ingest.shard_mb=8)"
        ) from error


@atexit.register
def close() -> None:
    """End all worker processes."""
    for pool in _pools.values():
        pool.close()
    _pools.clear()
