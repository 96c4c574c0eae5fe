"""The texts of records, where they still stand in the project as they were in the runs: snapshots hold none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from polymath.datasets.finished import finished_folders, stale_folders
from polymath.reporting.card.duplicates import Text, mark
from polymath.reporting.card.excerpts import FIELDS, Excerpt, excerpt
from polymath.reporting.compare.snapshot import Kept, fingerprint, sources_of
from polymath.reporting.trace import find_record
from polymath.store.folder import ShardFolder
from polymath.tasks import TASKS

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from polymath.reporting.compare.changes import Example

MEASURED = {"records", "text_signals", "group_keys"}
"""What a source is known by."""


@dataclass(frozen=True)
class Shown:
    """What a person can read of a record."""

    twins: list[tuple[str, Text]]
    """The record that it resembles and the record itself, by id, with differing words told apart; else empty."""
    excerpt: Excerpt | None
    """None where its text does not stand in the project any more."""


@dataclass(frozen=True)
class Texts:
    """The records of the project, each source only where it is the one that the runs had."""

    sources: Mapping[str, Kept]
    """As the runs had them."""
    made: Mapping[str, ShardFolder]
    """What stands in the project."""
    _known: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def within(cls, catalog: CatalogProtocol, sources: Mapping[str, Kept]) -> Texts:
        """What stands in the catalog; nothing where it is not whole, or not of one run."""
        made = finished_folders(catalog)
        whole = set(made) >= MEASURED and not stale_folders(made) & MEASURED
        return cls(sources, made if whole else {})

    def stands(self, record: str) -> bool:
        """Whether a record can be read as it was. A source is looked at when it is first asked for."""
        source = record.rpartition("/")[0]
        if source not in self._known:
            here = bool(self.made) and source in self.sources and source in sources_of(self.made["records"])
            self._known[source] = here and fingerprint(self.made, source) == self.sources[source]
        return self._known[source]

    def of(self, example: Example) -> Shown:
        """What is to be read of a changed record: itself beside what it repeats in other words, or itself alone."""
        other = example.after.resembles or example.before.resembles
        twins = self.twins(example.id, other)
        return Shown([(other or "", twins[0]), (example.id, twins[1])] if twins else [], self.excerpt(example.id))

    def excerpt(self, record: str) -> Excerpt | None:
        """What a record says, in short; None where it does not stand any more."""
        if not self.stands(record):
            return None
        records = self.made["records"]
        place = find_record(records, record)
        return excerpt(records.shards[place.shard].take([place.row], ["id", *FIELDS]).to_pylist()[0])

    def twins(self, record: str, other: str | None) -> tuple[Text, Text] | None:
        """What a record repeats, and the record, with differing words marked; None where one of them does not stand."""
        if other is None or not (self.stands(record) and self.stands(other)):
            return None
        return mark(self._compared(other), self._compared(record))

    def _compared(self, record: str) -> str:
        """The text by which dedup compares a record."""
        records = self.made["records"]
        place = find_record(records, record)
        shard = records.shards[place.shard]
        task = TASKS[shard.entry.note["task"]]
        text: str = task.dedup_text(shard.take([place.row], list(task.identity)))[0].as_py()
        return text
