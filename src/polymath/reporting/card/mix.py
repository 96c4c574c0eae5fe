"""Part 4: what is in the mix, before mixing and after it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card.colours import in_order
from polymath.reporting.card.head import Lines
from polymath.sources.library import TIERS


@dataclass(frozen=True)
class Slice:
    """One part of a mix: a task, a tier, a language or a source."""

    name: str
    tokens: float
    """That stand ready for training in this track."""
    drawn: float
    """That training sees, repeats counted."""

    @property
    def epochs(self) -> float:
        """How often training sees a token of it."""
        return self.drawn / self.tokens if self.tokens else 0.0


@dataclass(frozen=True)
class Subject:
    """A concept of a task: records about the same."""

    concept: int
    task: str
    name: str
    tokens: int
    drawn: int
    epochs: float
    weight: float


def composition(counts: pa.Table, weights: Lines, name: str, track: TrackConfig, key: str) -> list[Slice]:
    """The training tokens of a track by `key` (task, tier, language or source), before and after.

    Weights are given to concepts; within one, every token is as likely to be drawn as another, so its languages and tiers
    are drawn in the proportion in which they stand there.
    """
    epochs = {(row["part"], row["task"], row["concept"]): row["epochs"] for row in weights if row["track"] == name}
    taken = counts.filter(pa.array(track.takes(counts)))
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for row, part in zip(taken.to_pylist(), track.parts_of(taken), strict=True):
        if row["split"] == "train":
            before[row[key]] += row["tokens"]
            after[row[key]] += row["tokens"] * epochs.get((part, row["task"], row["concept"]), 0.0)
    return [Slice(label, before[label], after[label]) for label in _order(key)(before)]


def _order(key: str) -> Callable[[Counter[str]], list[str]]:
    """Tasks and tiers in the order that people know, everything else by size."""
    if key == "task":
        return lambda before: in_order(set(before))
    if key == "tier":
        return lambda before: [tier for tier in TIERS if tier in before]
    return lambda before: sorted(before, key=lambda name: (-before[name], name))


def largest(slices: list[Slice], most: int) -> list[Slice]:
    """The `most` largest, and the others as one."""
    if len(slices) <= most:
        return slices
    rest = slices[most - 1 :]
    other = Slice(f"{len(rest)} others", sum(s.tokens for s in rest), sum(s.drawn for s in rest))
    return [*slices[: most - 1], other]


def subjects(weights: Lines, concepts: Lines, name: str) -> list[Subject]:
    """The concepts that a track draws from, by task."""
    names = {row["concept"]: row["name"] for row in concepts}
    found = [
        Subject(row["concept"], row["task"], names.get(row["concept"]) or "no subject", *(row[k] for k in _NUMBERS))
        for row in weights
        if row["track"] == name
    ]
    order = {task: number for number, task in enumerate(in_order({one.task for one in found}))}
    return sorted(found, key=lambda one: (order[one.task], -one.epochs, one.concept))


_NUMBERS = ("tokens", "drawn", "epochs", "weight")


def has_tracks(weights: Lines) -> list[str]:
    """The tracks that draw anything, in their order."""
    return list(dict.fromkeys(row["track"] for row in weights if row["drawn"] > 0))
