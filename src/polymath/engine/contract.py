"""The contract between steps and engines.

A **plan** is a named function, its Config, and the items that it maps over. A node returns a plan; saving its output runs it.
Workers read the item's inputs and write its shards themselves, so tables never travel between processes. What already stands
on disk under the same key is taken as it is: that is how a second run is a no-op, and how a killed one goes on.
"""

import importlib.metadata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import pyarrow as pa
from pydantic import Field

from polymath.config import Config
from polymath.store.digest import SCHEME, digest_json
from polymath.store.shards import Shard


class EngineConfig(Config):
    """Where plans run. It never changes what they make."""

    workers: int | Literal["auto"] = "auto"
    """Processes; `auto` is one per processor core."""
    worker_mb: int | None = Field(None, ge=256)
    """Memory that a worker process may take, MB: a shard that needs more fails by name, before the machine runs out of it."""
    verify: bool = False
    """Read what stands on disk before it is taken as it is, and make again what is damaged."""


class Digested(Protocol):
    """Anything an item may take as an input: it knows its own digest (a shard, a folder, a source entry with its files)."""

    @property
    def digest(self) -> str:
        """Equal digests mean equal inputs."""
        ...


@dataclass(frozen=True)
class Item:
    """One unit of a plan: it becomes one shard (or, when the work streams, several in a row)."""

    name: str
    inputs: tuple[Digested, ...]
    size: int = 0
    """Rows or bytes of its inputs: the progress bar's weight, and large items start first."""


@dataclass(frozen=True)
class Piece:
    """One shard of a streaming work, and a note from which the work can go on after it."""

    table: pa.Table
    note: dict[str, Any]
    aside: pa.Table | None = None
    """What is set aside beside the shard: rows that could not be read."""


@dataclass(frozen=True)
class Plan:
    """`work(*item.inputs, config)` for each item, in any order, anywhere; the shards in the items' order."""

    step: str
    work: Callable[..., Any]
    """A function of a module. It returns a table, or a piece to add a note; a streaming one yields pieces and takes `after`,
    the last note or None."""
    items: tuple[Item, ...]
    config: Config | None = None
    version: int = 1
    """Raised by hand when the code's output changes."""
    streams: bool = False
    reuses: bool = False
    """The work takes `previous`: shards of this dataset that the same function and Config made from other inputs. It may
    copy from them what it would make again (tokens of the same text); it must make the same with and without them."""
    fitted_on: Mapping[str, int] | None = None
    """For what is fitted, then kept (a tokenizer, concepts): rows of each source it is fitted on; see `still_fits`."""
    libraries: tuple[str, ...] = ()
    """Packages whose versions the output depends on."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Digest of each input dataset by name, for the manifest."""
    engine: EngineConfig = field(default_factory=EngineConfig)

    @cached_property
    def made_with(self) -> dict[str, str]:
        """Versions of the declared libraries."""
        return {name: importlib.metadata.version(name) for name in self.libraries}

    @cached_property
    def base_key(self) -> str:
        """What all items share: the function, its version, its Config, its libraries."""
        config = self.config.model_dump(mode="json") if self.config else None
        name = f"{self.work.__module__}.{self.work.__qualname__}"
        return digest_json([SCHEME, name, self.version, config, self.made_with])

    def key(self, item: Item) -> str:
        """The key of one item's shards."""
        return digest_json([self.base_key, item.name, [value.digest for value in item.inputs]])

    def call(self, item: Item, after: dict[str, Any] | None = None, previous: tuple[Shard, ...] = ()) -> Iterator[Piece]:
        """Do one item's work, as pieces whether it streams or not."""
        arguments: list[Any] = [*item.inputs, *([self.config] if self.config else [])]
        if self.streams:
            yield from self.work(*arguments, after=after)
        else:
            made = self.work(*arguments, previous=previous) if self.reuses else self.work(*arguments)
            note = {"fitted_on": dict(self.fitted_on)} if self.fitted_on is not None else {}
            yield made if isinstance(made, Piece) else Piece(made, note)

    def run(self) -> Iterable[pa.Table]:
        """Every item's tables in order, in this process and without a catalog: for tests and notebooks."""
        return (piece.table for item in self.items for piece in self.call(item))


def still_fits(then: Mapping[str, int], now: Mapping[str, int]) -> bool:
    """Whether what was fitted on the rows of `then` is kept for those of `now`.

    It is while every source it was fitted on is still there and the rows have not doubled: a threshold moved or a source
    added must not change every token, while another choice of sources deserves a tokenizer of its own.
    """
    return set(then) <= set(now) and sum(now.values()) <= 2 * sum(then.values())
