"""Part 4: lengths of examples in tokens, one small histogram per task on the same axis."""

from dataclasses import dataclass

import numpy as np

from polymath.reporting.card.colours import in_order

STEPS = 2
"""Bars per doubling of the length."""
FIRST, LAST = 3, 17
"""From 8 tokens to 131,072: a model's reading span is within."""


@dataclass(frozen=True)
class Length:
    """The lengths of one task's examples."""

    task: str
    examples: int
    median: int
    longest: int
    shares: list[float]
    """Of the examples, in each bar."""


@dataclass(frozen=True)
class Lengths:
    """All tasks on one axis."""

    tasks: list[Length]
    first: int
    """The axis begins at 2 to this power,"""
    last: int
    """and ends at 2 to this one."""

    @property
    def top(self) -> float:
        """The tallest bar of all."""
        return max((share for one in self.tasks for share in one.shares), default=1.0)

    @property
    def marks(self) -> list[tuple[float, str]]:
        """Marks of the axis: place from 0 to 1, and the number of tokens."""
        step = 2 if self.last - self.first <= 10 else 3
        powers = range(-(-self.first // step) * step, self.last + 1, step)
        return [((power - self.first) / (self.last - self.first), f"{2**power:,}") for power in powers]


def measure_lengths(lengths: dict[str, np.ndarray]) -> Lengths:
    """Histograms over powers of two; the axis spans what there is."""
    every = [each for each in lengths.values() if len(each)]
    if not every:
        return Lengths([], FIRST, LAST)
    low, high = (int(f(np.concatenate([[f(each)] for each in every]))) for f in (np.min, np.max))
    first = int(np.clip(np.floor(np.log2(max(low, 1))), FIRST, LAST - 1))
    last = int(np.clip(np.ceil(np.log2(high + 1)), first + 1, LAST))
    edges = 2.0 ** (np.arange((last - first) * STEPS + 1) / STEPS + first)
    tasks = []
    for task in in_order(set(lengths)):
        sizes = lengths[task]
        counts, _ = np.histogram(np.clip(sizes, edges[0], edges[-1]), edges)
        tasks.append(Length(task, len(sizes), int(np.median(sizes)), int(sizes.max()), (counts / len(sizes)).round(5).tolist()))
    return Lengths(tasks, first, last)
