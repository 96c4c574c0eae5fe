"""What held-out pairs say of a reward model, as rows of tables and places of drawings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polymath.evaluation.intervals import Interval, interval
from polymath.reporting.card.charts import Scale, ticks
from polymath.training.judged import Judged
from polymath.training.trained import Trained

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 420, 16, 254
PERCENTS = [0.0, 0.25, 0.5, 0.75, 1.0]


@dataclass(frozen=True)
class Accuracy:
    """How often the better reply of some pairs has the higher reward."""

    name: str
    share: Interval
    margin: float
    """Mean of the better reply's reward less the worse one's."""

    @classmethod
    def of(cls, name: str, judged: Judged, part: np.ndarray) -> Accuracy:
        """`part`: bool[pairs], one at least."""
        return cls(name, interval(judged.right[part]), float(judged.margins[part].mean()))


@dataclass(frozen=True)
class Spot:
    """A share of some pairs on paper, with its bounds."""

    x: float
    y: float
    low: float
    high: float
    told: str
    share: Interval


@dataclass(frozen=True)
class Drawing:
    """Shares of pairs, and marks of both axes."""

    spots: list[Spot]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    half: float
    """The height of guessing."""
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM

    @property
    def path(self) -> str:
        """From spot to spot."""
        return "M" + "L".join(f"{spot.x},{spot.y}" for spot in self.spots)

    @property
    def band(self) -> str:
        """Between the bounds."""
        there = [f"{spot.x},{spot.high}" for spot in self.spots]
        back = [f"{spot.x},{spot.low}" for spot in reversed(self.spots)]
        return "M" + "L".join([*there, *back]) + "Z"


def by_source(judged: Judged) -> list[Accuracy]:
    """All pairs first, then those of each source where there are several."""
    sources = list(judged.by_source())
    rows = [Accuracy.of("all", judged, np.ones(len(judged.names), bool))]
    return rows + [Accuracy.of(source, judged, own) for source, own in sources if len(sources) > 1]


def by_length(judged: Judged) -> list[Accuracy]:
    """Pairs whose better reply is the shorter one, the longer one, or as long as the other."""
    longer = np.sign(judged.better_tokens - judged.worse_tokens)
    parts = {"the shorter one": longer < 0, "the longer one": longer > 0, "as long": longer == 0}
    return [Accuracy.of(name, judged, part) for name, part in parts.items() if part.any()]


def by_pairs(trained: Trained) -> Drawing:
    """Accuracy at each validation, against the pairs that the run had seen by then, repeats counted."""
    batch = trained.job.run.layout.batch
    steps = [line["step"] for line in trained.log() if "validation" in line]
    found = [(step * batch, judged.right) for step in steps if (judged := Judged.read(trained.folder, step)) is not None]
    most = max((pairs for pairs, _ in found), default=1)
    across, up = Scale(0, max(most, 1), LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    spots = [_spot(across(pairs), f"{pairs:,} pairs", right, up) for pairs, right in found if len(right)]
    marks = [(across(value), text) for value, text in ticks(0, across.high) if float(value).is_integer()]
    return Drawing(spots, marks, _percents(up, PERCENTS), up(0.5))


def by_sureness(judged: Judged) -> Drawing:
    """Accuracy against how sure the model was: on the diagonal it is as often right as it says."""
    across, up = Scale(0.5, 1, LEFT, RIGHT), Scale(0, 1, BOTTOM, TOP)
    spots = [_spot(across(sure), f"{sure:.0%} sure", right, up) for sure, right in judged.reliability()]
    marks = [(across(value), f"{value:.0%}") for value in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)]
    return Drawing(spots, marks, _percents(up, PERCENTS), up(0.5))


def _spot(x: float, told: str, right: np.ndarray, up: Scale) -> Spot:
    share = interval(right)
    return Spot(x, up(share.mean), up(share.low), up(share.high), told, share)


def _percents(up: Scale, values: list[float]) -> list[tuple[float, str]]:
    return [(up(value), f"{value:.0%}") for value in values]
