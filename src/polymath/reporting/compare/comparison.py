"""Two runs, one beside the other: what was set differently, and what became of their records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from polymath.errors import UserError
from polymath.reporting.compare.changes import Change, changed_records, find_changes
from polymath.reporting.compare.ledger import Ledger, Part, Parts, parts_of
from polymath.reporting.compare.snapshot import SNAPSHOT, Kept, Snapshot
from polymath.tracking.record import BACKWARDS, RunRecord, find_run, read_records

State = Literal["same", "changed", "only before", "only after"]
"""Of a source: `same` where its records are equal, `changed` where another content was read under its name."""
SCORES = re.compile(
    r"(\w+/)?(trained_steps|trained_tokens|validation_loss|perplexity)$"
    r"|(\w+/)?(accuracy(_shorter|_longer| .+)?|margin|calibration_error|length_correlation)$"
    r"|(\w+/)?(reward .+|reply tokens|ended|distinct 2|self-BLEU)$"
    r"|(benchmark|benchmark_clean|held_out|held_out_loss|probe)/"
)
"""Metrics of a run that tell of its models."""
VERSIONS = ("polymath", "commit", "python")
"""Tags of a run that may explain a difference."""


@dataclass(frozen=True)
class Drawn:
    """What a track draws of a task."""

    tokens: int = 0
    """Training tokens that stand ready."""
    weight: float = 0.0
    """Share of the track's tokens."""
    drawn: int = 0
    """Tokens that the schedule draws."""

    @property
    def epochs(self) -> float:
        """How often the tokens are seen."""
        return self.drawn / self.tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    record: RunRecord
    snapshot: Snapshot

    @classmethod
    def open(cls, record: RunRecord, project: Path) -> Side:
        """A UserError where the run left no snapshot."""
        return cls(record, Snapshot.open(record, project))

    @cached_property
    def parts(self) -> Parts:
        """What became of its records, by source and task."""
        return parts_of(self.snapshot.table("fates"), self.snapshot.sources)

    @cached_property
    def ledger(self) -> Ledger:
        """The same in four sums."""
        return Ledger.of(self.parts)

    @cached_property
    def removed(self) -> Counter[tuple[str, str]]:
        """Records by source and reason."""
        found = Counter[tuple[str, str]]()
        for (source, _), part in self.parts.items():
            found.update({(source, reason): count for reason, count in part.removed.items()})
        return found

    @cached_property
    def tokens(self) -> Counter[tuple[str, str]]:
        """Training tokens by source and task."""
        found = Counter[tuple[str, str]]()
        for row in self.snapshot.table("token_counts").to_pylist():
            found[row["source"], row["task"]] += row["tokens"] if row["split"] == "train" else 0
        return found

    @cached_property
    def tracks(self) -> dict[tuple[str, str], Drawn]:
        """What each track draws, by track and task."""
        found: dict[tuple[str, str], Drawn] = {}
        for row in self.snapshot.table("weights").to_pylist():
            key = row["track"], row["task"]
            old = found.get(key, Drawn())
            found[key] = Drawn(old.tokens + row["tokens"], old.weight + row["weight"], old.drawn + row["drawn"])
        return found


@dataclass(frozen=True)
class Comparison:
    """Two runs. What takes time is looked at when it is asked for."""

    before: Side
    after: Side

    @classmethod
    def of(cls, project: Path, before: RunRecord, after: RunRecord) -> Comparison:
        """A UserError where one of them left no snapshot."""
        return cls(Side.open(before, project), Side.open(after, project))

    @cached_property
    def states(self) -> dict[str, State]:
        """Every source of the two, in the order of the runs."""
        old, new = self.before.snapshot.sources, self.after.snapshot.sources
        return {name: _state(old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}

    @property
    def same_sources(self) -> dict[str, Kept]:
        """Those whose records can be compared one by one."""
        return {name: self.after.snapshot.sources[name] for name, state in self.states.items() if state == "same"}

    @cached_property
    def settings(self) -> dict[str, tuple[str | None, str | None]]:
        """Parameters and versions that differ; None where a run did not have them."""
        pairs = _differing(self.before.record.parameters, self.after.record.parameters)
        tags = [{name: record.tags[name] for name in VERSIONS if name in record.tags} for record in self._records]
        return pairs | _differing(*tags)

    @cached_property
    def scores(self) -> dict[str, tuple[float | None, float | None]]:
        """What the runs' models learnt and scored, where either run trained or evaluated one; None where a run did not."""
        old, new = ({n: v for n, v in record.metrics.items() if SCORES.match(n)} for record in self._records)
        return {name: (old.get(name), new.get(name)) for name in dict.fromkeys([*old, *new])}

    @cached_property
    def parts(self) -> dict[tuple[str, str], tuple[Part, Part]]:
        """What became of the records of each source and task, before and after."""
        old, new = self.before.parts, self.after.parts
        keys = sorted({*old, *new}, key=lambda key: (list(self.states).index(key[0]), key[1]))
        return {key: (old.get(key, Part()), new.get(key, Part())) for key in keys}

    @cached_property
    def counts(self) -> dict[tuple[str, str], dict[str, tuple[int, int]]]:
        """Kept, removed, moved, generated and training tokens of each source and task, before and after.

        What is nowhere more than nothing (often moved and generated) is left out.
        """
        old, new = self.before.tokens, self.after.tokens
        counted = {
            key: {
                "kept": (one.kept, other.kept),
                "removed": (one.removed.total(), other.removed.total()),
                "moved": (one.moved.total(), other.moved.total()),
                "generated": (one.generated, other.generated),
                "training tokens": (old[key], new[key]),
            }
            for key, (one, other) in self.parts.items()
        }
        there = {name for row in counted.values() for name, pair in row.items() if any(pair)}
        return {key: {name: pair for name, pair in row.items() if name in there} for key, row in counted.items()}

    @cached_property
    def sums(self) -> dict[str, tuple[int, int]]:
        """The counts of all sources and tasks together."""
        rows = list(self.counts.values())
        return (
            {name: (sum(row[name][0] for row in rows), sum(row[name][1] for row in rows)) for name in rows[0]} if rows else {}
        )

    @property
    def remarks(self) -> list[str]:
        """A sentence for each source whose records cannot be compared one by one."""
        words = {
            "changed": "its content changed between the runs, so that its records are compared by counts only",
            "only before": "only in A",
            "only after": "only in B",
        }
        return [f"{name}: {words[state]}" for name, state in self.states.items() if state != "same"]

    @property
    def same_mix(self) -> str | None:
        """The digest of the mix that both runs ended with; None where they did not."""
        mixes = [record.tags.get("mix") for record in self._records]
        return mixes[0] if mixes[0] == mixes[1] else None

    @cached_property
    def reasons(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Records removed, by source and reason, where the counts differ."""
        old, new = self.before.removed, self.after.removed
        order = {source: place for place, source in enumerate(self.states)}
        keys = sorted({*old, *new}, key=lambda key: (order[key[0]], -max(old[key], new[key]), key[1]))
        return {key: (old[key], new[key]) for key in keys if old[key] != new[key]}

    @cached_property
    def tracks(self) -> dict[tuple[str, str], tuple[Drawn, Drawn]]:
        """What each track draws of each task, where it differs."""
        old, new = self.before.tracks, self.after.tracks
        order = list(dict.fromkeys(track for track, _ in [*old, *new]))
        keys = sorted({*old, *new}, key=lambda key: (order.index(key[0]), key[1]))
        pairs = {key: (old.get(key, Drawn()), new.get(key, Drawn())) for key in keys}
        return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}

    def changes(self, most: int = 3) -> list[Change]:
        """The records that met another fate, of the sources that are the same; with `most` numbers of each source."""
        if self.before.snapshot.keys["records"] == self.after.snapshot.keys["records"]:
            return []
        return find_changes(self.before.snapshot, self.after.snapshot, self.same_sources, most)

    def changed_records(self) -> Iterator[tuple[str, str, str]]:
        """Every one of them: id, fate before, fate after."""
        return changed_records(self.before.snapshot, self.after.snapshot, self.same_sources)

    @property
    def _records(self) -> tuple[RunRecord, RunRecord]:
        return self.before.record, self.after.record


def choose_runs(project: Path, before: str | None, after: str | None) -> tuple[RunRecord, RunRecord]:
    """The runs that two words name; `previous` and `last`, also where nothing is said, are of those that can be compared."""
    records = read_records(project)
    whole = [record for record in records if (record.folder(project) / SNAPSHOT).exists()]
    words = before or "previous", after or "last"
    if records and len(whole) < max(BACKWARDS.get(word, 0) for word in words):
        raise UserError(
            f"{words[0]!r} and {words[1]!r} need two runs that ended with the books, and there is "
            f"{'one' if whole else 'none'}; run again with another dial: kedro run --pipeline=curate --params=..."
        )
    first, second = (find_run(whole if word in BACKWARDS else records, word) for word in words)
    if first.id == second.id:
        raise UserError(f"{words[0]!r} and {words[1]!r} are the same run, {first.id}; kedro runs lists all")
    return first, second


def _state(old: Kept | None, new: Kept | None) -> State:
    if old is None or new is None:
        return "only after" if old is None else "only before"
    return "same" if old == new else "changed"


def _differing(old: dict[str, str], new: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    names = dict.fromkeys([*old, *new])
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}
