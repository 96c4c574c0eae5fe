"""Training as drawings: steps across, those of several runs in a row running on, each run's curves by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from polymath.reporting.card.charts import Scale, spread, ticks

Line = Mapping[str, Any]
WIDTH, HEIGHT = 620, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 30, 44
SMALL_WIDTH, SMALL_HEIGHT, SMALL_AIR = 260, 72, 4
POINTS = 600
"""A curve has no more in a run: a page shows no finer."""
COLOURS = 10
"""Of tasks, in the page's style."""
PACE = ("learning_rate", "grad_norm")
"""Of a step's line in the log: drawn small, beside what a stage measures."""

Read = Callable[[Line], float | None]
"""What a line of the log has of something."""
Points = list[list[tuple[int, float]]]
"""Of each run: step and value."""


@dataclass(frozen=True)
class Curve:
    """One line, or several where it begins anew in each run."""

    name: str
    path: str
    colour: int
    """Number of its colour; 0: the ink's."""
    end: tuple[float, float]
    last: float


@dataclass(frozen=True)
class Drawing:
    """The loss of the steps, the validation loss of each task or source, marks of both axes."""

    training: Curve
    validation: list[Curve]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    begins: list[float]
    """Where each run begins."""
    spikes: list[tuple[float, float]]
    """Losses that stood out."""
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Small:
    """A measure of the steps, of the validations or of both, without axes."""

    name: str
    steps: str
    """The path of the steps' values; empty where they have none."""
    validations: str
    low: float
    high: float
    last: float


@dataclass(frozen=True)
class History:
    """The logs of runs that went on from one another, their steps counted through."""

    logs: Sequence[Sequence[Line]]

    @cached_property
    def begins(self) -> list[int]:
        """Steps before each run."""
        found = [0]
        for log in self.logs:
            found.append(found[-1] + max((line["step"] for line in log), default=0))
        return found[:-1]

    @property
    def lines(self) -> Iterable[Line]:
        """All of them."""
        return (line for log in self.logs for line in log)

    def points(self, read: Read) -> Points:
        """The steps at which there is a value."""
        pairs = zip(self.logs, self.begins, strict=True)
        return [[(line["step"] + begin, found) for line in log if (found := read(line)) is not None] for log, begin in pairs]


def draw_losses(history: History) -> Drawing | None:
    """The curves of the runs; None where no step is in their logs."""
    steps = history.points(lambda line: line.get("loss"))
    if not any(steps):
        return None
    names = {name for line in history.lines for name in line.get("validation", {})}
    ordered = [name for name in ("all", *sorted(names - {"all"})) if name in names]
    named = {name: history.points(within("validation", name)) for name in ordered}
    values = [value for points in (steps, *named.values()) for run in points for _, value in run]
    across = Scale(0, max(step for run in steps for step, _ in run), LEFT, WIDTH - RIGHT)
    up = Scale.around(values, HEIGHT - BOTTOM, TOP)

    def curve(name: str, points: Points, colour: int) -> Curve:
        step, last = _last(points)
        return Curve(name, _path(points, across, up), colour, (across(step), up(last)), last)

    lines = [curve(name, points, n if n <= COLOURS else 0) for n, (name, points) in enumerate(named.items())]
    marks = [(across(value), text) for value, text in ticks(0, across.high) if float(value).is_integer()]
    heights = [(up(value), text) for value, text in ticks(up.low, up.high)]
    begins = [across(begin) for begin in history.begins]
    spikes = [point for run in history.points(lambda line: line["loss"] if "spike" in line else None) for point in run]
    spots = [(across(step), up(loss)) for step, loss in spikes]
    return Drawing(curve("training", steps, 0), lines, marks, heights, begins, spots)


def draw_measured(history: History) -> list[Small]:
    """Scores of benchmarks; whatever the logs have under `measured`, by steps and by validations; the pace of the steps."""
    scored = dict.fromkeys(name for line in history.lines for name in line.get("scores", {}))
    measured = dict.fromkeys(name for line in history.lines for name in line.get("measured", {}))
    pace = [name for name in PACE if any(line.get(name) is not None for line in history.lines)]
    drawn = [_small(name, history, _scored(name)) for name in scored]
    drawn += [_small(name, history, within("measured", name)) for name in measured]
    return drawn + [_small(name, history, _of(name)) for name in pace]


def _of(name: str) -> Read:
    return lambda line: line.get(name)


def _scored(name: str) -> Read:
    return lambda line: line.get("scores", {}).get(name, {}).get("score")


def within(part: str, name: str) -> Read:
    """Reads what a line has under `name` in a part of it."""
    return lambda line: line.get(part, {}).get(name)


def _small(name: str, history: History, read: Read) -> Small:
    steps = history.points(lambda line: read(line) if "loss" in line else None)
    validations = history.points(lambda line: None if "loss" in line else read(line))
    every = [point for points in (steps, validations) for run in points for point in run]
    values = [value for _, value in every]
    across = Scale(0, max(*(step for step, _ in every), 1), 0, SMALL_WIDTH)
    up = Scale.around(values, SMALL_HEIGHT - SMALL_AIR, SMALL_AIR)
    told = _last(validations if any(validations) else steps)[1]
    return Small(name, _path(steps, across, up), _path(validations, across, up), min(values), max(values), told)


def _last(points: Points) -> tuple[int, float]:
    return next(run for run in reversed(points) if run)[-1]


def _path(points: Points, across: Scale, up: Scale) -> str:
    """A line for each run, no finer than a page shows; empty where there is no point."""
    kept = ([run[place] for place in spread(len(run), POINTS)] for run in points if run)
    return "".join("M" + "L".join(f"{across(step)},{up(value)}" for step, value in run) for run in kept)
