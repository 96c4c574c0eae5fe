"""The keep-policy order of records: tier first, then the order of the sources, then the place in the source.

A record's **place** is its number in that order. Of two records that resemble each other the one with the smaller place stays.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from polymath.sources.library import TIERS
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder


@dataclass(frozen=True)
class PolicyOrder:
    """Places of all records, from the manifest alone: a shard's records are neighbours in it."""

    sources: tuple[str, ...]
    """Source of each record shard."""
    sequence: tuple[int, ...]
    """The record shards in policy order."""
    sizes: tuple[int, ...]
    """Rows of each record shard."""

    @classmethod
    def of(cls, records: ShardFolder) -> "PolicyOrder":
        """The order of `records`, whose shards' notes name their source and tier."""
        notes = [shard.entry.note for shard in records.shards]
        sequence = sorted(range(len(notes)), key=lambda number: (TIERS.index(notes[number]["tier"]), number))
        sizes = tuple(shard.rows for shard in records.shards)
        return cls(tuple(note["source"] for note in notes), tuple(sequence), sizes)

    @cached_property
    def digest(self) -> str:
        """Places depend on every shard's size and sequence."""
        return digest_json([self.sources, self.sequence, self.sizes])

    @property
    def rows(self) -> int:
        """How many records there are."""
        return sum(self.sizes)

    @cached_property
    def starts(self) -> np.ndarray:
        """Place of the first record of each record shard: int64[shards]."""
        starts = np.zeros(len(self.sizes), np.int64)
        starts[list(self.sequence)] = np.cumsum([0, *(self.sizes[number] for number in self.sequence)])[:-1]
        return starts

    @cached_property
    def _bounds(self) -> np.ndarray:
        return self.starts[list(self.sequence)]

    @cached_property
    def _numbers(self) -> np.ndarray:
        """Number, within its source, of the first record of each record shard."""
        seen: dict[str, int] = {}
        first = np.zeros(len(self.sizes), np.int64)
        for shard, source in enumerate(self.sources):
            first[shard] = seen.get(source, 0)
            seen[source] = first[shard] + self.sizes[shard]
        return first

    @cached_property
    def names(self) -> list[str]:
        """The sources, in the run's order."""
        return list(dict.fromkeys(self.sources))

    def source_of(self, places: np.ndarray) -> np.ndarray:
        """The number, in `names`, of each place's source: int64[n]."""
        return np.array([self.names.index(source) for source in self.sources])[self.locate(places)[0]]

    def column(self, folder: ShardFolder, name: str) -> np.ndarray:
        """One column of a dataset that is aligned with the records, by place."""
        parts = [folder.shards[number].read([name])[name].to_numpy() for number in self.sequence]
        return np.concatenate(parts)

    def locate(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Record shard and row in it, for each place: int64[n], int64[n]."""
        shards = np.asarray(self.sequence, np.int64)[np.searchsorted(self._bounds, places, side="right") - 1]
        return shards, places - self.starts[shards]

    def places(self, ids: list[str]) -> np.ndarray:
        """The places of records by their ids: int64[n]."""
        first: dict[str, list[int]] = {}
        for shard, source in enumerate(self.sources):
            first.setdefault(source, []).append(shard)
        found = np.empty(len(ids), np.int64)
        for position, name in enumerate(ids):
            source, _, number = name.rpartition("/")
            shards = first[source]
            starts = self._numbers[shards]
            shard = shards[int(np.searchsorted(starts, int(number), side="right")) - 1]
            found[position] = self.starts[shard] + int(number) - self._numbers[shard]
        return found

    def ids(self, places: np.ndarray) -> list[str]:
        """Record ids, without reading a record: a source's records are numbered through its shards."""
        shards, rows = self.locate(places)
        numbers = self._numbers[shards] + rows
        return [f"{self.sources[s]}/{n}" for s, n in zip(shards.tolist(), numbers.tolist(), strict=True)]


@dataclass(frozen=True)
class Start:
    """The place of a record shard's first record, as an input of a plan: sources that come after it change nothing."""

    place: int

    @classmethod
    def of_each(cls, records: ShardFolder) -> "list[Start]":
        """That of every record shard."""
        return [cls(int(place)) for place in PolicyOrder.of(records).starts]

    @property
    def digest(self) -> str:
        """The number says it all."""
        return str(self.place)


@dataclass(frozen=True)
class Ordered:
    """The policy order and the number of one record shard in it, as an input of a plan."""

    order: PolicyOrder
    shard: int

    @property
    def digest(self) -> str:
        """Of both."""
        return digest_json([self.order.digest, self.shard])
