"""The records that met another fate: which they are, from which fate to which, and some of each as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.pipelines.curate.decontaminate import LEAK
from polymath.pipelines.curate.verify import COPY, NEAR_DUPLICATE
from polymath.reporting.card.charts import spread
from polymath.reporting.compare.snapshot import Snapshot

COLUMNS = ("reason", "task", "split")
"""What a fate is. What a removed record repeats may change without changing its fate."""
KEPT = "kept"


@dataclass(frozen=True)
class Fate:
    """What became of one record in one run."""

    task: str
    reason: str | None
    split: str | None
    value: float | None
    """What the step that removed it measured."""
    because: str | None
    """The record that it repeats, or the benchmark item that it holds."""

    @classmethod
    def of(cls, snapshot: Snapshot, source: str, number: int) -> Fate:
        """As the run left it."""
        row: dict[str, Any] = snapshot.fate(source, number)
        return cls(row["task"], row["reason"], row["split"], row["value"], row["because"])

    @property
    def resembles(self) -> str | None:
        """The record that it repeats in other words."""
        return self.because if self.reason == NEAR_DUPLICATE else None

    def __str__(self) -> str:
        if self.reason is None:
            return f"kept as {self.task} in {self.split}"
        if self.reason == COPY:
            return f"{COPY}: it says the same as {self.because}"
        if self.reason == NEAR_DUPLICATE:
            return f"{NEAR_DUPLICATE}: it is {self.value:.3f} like {self.because}"
        if self.reason == LEAK:
            return f"{LEAK}: it holds {self.value:.0%} of {self.because}"
        return f"{self.reason}: measured {self.value:.4g}" if self.value is not None else self.reason


@dataclass(frozen=True)
class Example:
    """A record that met another fate."""

    source: str
    number: int
    before: Fate
    after: Fate

    @property
    def id(self) -> str:
        """Its id."""
        return f"{self.source}/{self.number}"


@dataclass
class Change:
    """All records that went from one fate to another."""

    before: str
    after: str
    counts: Counter[str] = field(default_factory=Counter)
    """By source."""
    numbers: dict[str, list[int]] = field(default_factory=dict)
    """Some of each source, evenly over the whole of it."""

    @property
    def count(self) -> int:
        """Of all sources."""
        return self.counts.total()

    def examples(self, before: Snapshot, after: Snapshot, most: int) -> list[Example]:
        """Some of them, one source after another, as both runs left them."""
        order = list(self.numbers)
        turns = sorted((turn, order.index(source)) for source, numbers in self.numbers.items() for turn in range(len(numbers)))
        found = sorted((place, self.numbers[order[place]][turn]) for turn, place in turns[:most])
        return [
            Example(order[place], number, *(Fate.of(run, order[place], number) for run in (before, after)))
            for place, number in found
        ]


def find_changes(before: Snapshot, after: Snapshot, sources: Iterable[str], most: int) -> list[Change]:
    """Every way from one fate to another that records of these sources went, the most first; `most` numbers of each source."""
    found: dict[tuple[str, str], Change] = {}
    for source in sources:
        for told, numbers in _changed(before, after, source).items():
            change = found.setdefault(told, Change(*told))
            change.counts[source] = len(numbers)
            change.numbers[source] = [int(numbers[place]) for place in spread(len(numbers), most)]
    return sorted(found.values(), key=lambda change: (-change.count, change.before, change.after))


def changed_records(before: Snapshot, after: Snapshot, sources: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Every record that met another fate, in its order: id, fate before, fate after."""
    for source in sources:
        every = [(number, told) for told, numbers in _changed(before, after, source).items() for number in numbers.tolist()]
        for number, told in sorted(every):
            yield f"{source}/{number}", *told


def _changed(before: Snapshot, after: Snapshot, source: str) -> Mapping[tuple[str, str], np.ndarray]:
    """The numbers of one source's records by their fates before and after: int64[n] each, ascending."""
    tables = [each.fates(source, COLUMNS) for each in (before, after)]
    old, new = ([_plain(table[name]) for name in COLUMNS] for table in tables)
    differs = np.zeros(len(tables[0]), bool)
    for one, other in zip(old, new, strict=True):
        differs |= pc.not_equal(one, other).to_numpy(zero_copy_only=False)
    numbers = np.flatnonzero(differs)
    codes, kinds = np.zeros(len(numbers), np.int64), pa.array(numbers)
    for column in (*old, *new):
        coded = column.take(kinds).dictionary_encode()
        codes = np.unique(codes * max(len(coded.dictionary), 1) + coded.indices.to_numpy(), return_inverse=True)[1]
    found: dict[tuple[str, str], np.ndarray] = {}
    for code in range(int(codes.max()) + 1 if len(codes) else 0):
        mine = numbers[codes == code]
        told = _told(*([column[int(mine[0])].as_py() for column in columns] for columns in (old, new)))
        found[told] = np.sort(np.concatenate([found.get(told, mine[:0]), mine]))
    return found


def _told(before: list[str], after: list[str]) -> tuple[str, str]:
    """Two fates in words: the reasons; where these are the same, the task or the split that is not."""
    told = [(fate[0] or KEPT) for fate in (before, after)]
    if told[0] == told[1]:
        for place, word in ((1, "as"), (2, "in")):
            if before[place] != after[place]:
                told = [f"{one} {word} {fate[place]}" for one, fate in zip(told, (before, after), strict=True)]
    return told[0], told[1]


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """Strings without nulls: no reason and no split are empty."""
    return pc.fill_null(column.cast(pa.string()), "").combine_chunks()
