"""What became of a run's records, source by source and task by task, and the ledger that sums it up in three lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass
class Part:
    """What became of some records: those of a source that have one task at the end."""

    kept: int = 0
    removed: Counter[str] = field(default_factory=Counter)
    """By the first reason."""
    moved: Counter[str] = field(default_factory=Counter)
    """By the rule that gave them this task; a label beside the sum."""
    generated: int = 0
    """Those that were made of other records; a label beside the sum."""

    @property
    def records(self) -> int:
        """All of them: kept and removed."""
        return self.kept + self.removed.total()

    def __add__(self, other: Part) -> Part:
        return Part(
            self.kept + other.kept, self.removed + other.removed, self.moved + other.moved, self.generated + other.generated
        )


Parts = dict[tuple[str, str], Part]
"""By source and task."""


def parts_of(fates: pa.Table, sources: Iterable[str]) -> Parts:
    """The parts of a run from its table of fates, in the order of its sources."""
    found: Parts = {}
    for fate in fates.to_pylist():
        part, count = found.setdefault((fate["source"], fate["task"]), Part()), fate["records"]
        if fate["reason"] is None:
            part.kept += count
        else:
            part.removed[fate["reason"]] += count
        if fate["moved"]:
            part.moved[fate["moved"]] += count
        part.generated += count if fate["generated"] else 0
    order = {source: place for place, source in enumerate(sources)}
    return dict(sorted(found.items(), key=lambda item: (order[item[0][0]], item[0][1])))


@dataclass(frozen=True)
class Ledger:
    """A run in four sums. Original = removed + kept; moved and generated are labels beside them."""

    original: dict[str, int]
    """Records by source."""
    removed: dict[str, int]
    """Records by the first reason, the most first."""
    moved_and_generated: dict[str, int]
    """Records by the rule that moved them, and those that were made of others."""
    kept: dict[str, int]
    """Records by the task that they have at the end, the most first."""

    @classmethod
    def of(cls, parts: Parts) -> Ledger:
        """The sums of all parts."""
        whole = sum(parts.values(), Part())
        original, kept = Counter[str](), Counter[str]()
        for (source, task), part in parts.items():
            original[source] += part.records
            kept[task] += part.kept
        labels = {f"moved by {rule}": count for rule, count in sorted(whole.moved.items())}
        labels |= {"generated": whole.generated} if whole.generated else {}
        return cls(dict(original), _most_first(whole.removed), labels, _most_first(kept))

    def lines(self) -> list[str]:
        """`original {squad: 1,000}`, `removed {copy: 12}`, `moved and generated {}`, and the rest: `kept {closed_qa: 988}`."""
        named = {
            "original": self.original,
            "removed": self.removed,
            "moved and generated": self.moved_and_generated,
            "kept": self.kept,
        }
        return [f"{name} {braced(counts)}" for name, counts in named.items()]


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(((name, count) for name, count in counts.items() if count), key=lambda item: (-item[1], item[0])))


def braced(counts: Mapping[str, int]) -> str:
    """`{squad: 1,000, dolly: 500}`."""
    return "{" + ", ".join(f"{name}: {count:,}" for name, count in counts.items()) + "}"
