"""Works for the tests of engines: functions of a module, as plans need them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from polymath.config import Config
from polymath.engine.contract import Piece
from polymath.store.folder import ShardFolder


@dataclass(frozen=True)
class Number:
    """A number as an input."""

    value: int

    @property
    def digest(self) -> str:
        return str(self.value)


@dataclass(frozen=True)
class Log:
    """A folder where works leave a file for each call; no part of the key."""

    folder: Path

    @property
    def digest(self) -> str:
        return "log"

    def calls(self) -> int:
        return len(list(self.folder.iterdir()))


class Factor(Config):
    factor: int = 2


def multiply(number: Number, log: Log, config: Factor) -> pa.Table:
    (log.folder / f"{number.value}-{time.monotonic_ns()}").touch()
    return pa.table({"n": [number.value * config.factor] * 3})


def count_up(number: Number, log: Log, after: dict | None):
    """Three pieces; each leaves a note, and goes on after the last one."""
    for piece in range(after["piece"] + 1 if after else 0, 3):
        (log.folder / f"{number.value}-{piece}-{time.monotonic_ns()}").touch()
        table = pa.table({"n": [number.value * 10 + piece]})
        yield Piece(table, {"piece": piece, "last": piece == 2})


def fail_on_three(number: Number, log: Log, config: Factor) -> pa.Table:
    if number.value == 3:
        raise ValueError("three is a bad number")
    return multiply(number, log, config)


def die_on_three(number: Number, log: Log, config: Factor) -> pa.Table:
    if number.value == 3:
        os.kill(os.getpid(), 9)
    return multiply(number, log, config)


def die_once_on_three(number: Number, log: Log, config: Factor) -> pa.Table:
    dead = log.folder / "died"
    if number.value == 3 and not dead.exists():
        dead.touch()
        os.kill(os.getpid(), 9)
    return multiply(number, log, config)


def remember(number: Number, log: Log, previous) -> pa.Table:
    """Copies what an earlier shard has for this number, whatever its name."""
    known = {row["key"]: row["made"] for shard in previous for row in shard.read().to_pylist()}
    if number.value not in known:
        (log.folder / f"{number.value}").touch()
    return pa.table({"key": [number.value], "made": [known.get(number.value, number.value * 7)]})


def set_aside(number: Number, log: Log, config: Factor) -> Piece:
    """A shard with something beside it."""
    return Piece(multiply(number, log, config), {}, pa.table({"reason": [f"bad {number.value}"]}))


def fill_memory_on_three(number: Number, log: Log, config: Factor) -> pa.Table:
    """Takes two gigabytes that it never needs."""
    if number.value == 3:
        (log.folder / f"filled-{time.monotonic_ns()}").touch()
        bytearray(b"x") * (2 << 30)
    return multiply(number, log, config)


def say_out_of_memory_on_three(number: Number, log: Log, config: Factor) -> pa.Table:
    if number.value == 3:
        raise pa.ArrowMemoryError("malloc of size 64 failed")
    return multiply(number, log, config)


def count_up_behind(number: Number, log: Log, before: ShardFolder, after: dict | None):
    """The same as `count_up`, of a dataset that was made before."""
    assert before.rows
    yield from count_up(number, log, after)


def fill_disk(number: Number, log: Log) -> pa.Table:
    """A shard of more than a megabyte, however it is packed."""
    (log.folder / f"{number.value}-{time.monotonic_ns()}").touch()
    noise = np.random.default_rng(number.value).integers(0, 2**63, 180_000)
    return pa.table({"n": noise})
