"""A training run as a drawing: steps across, loss upwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from polymath.reporting.card.charts import Scale, spread, ticks

Log = Sequence[Mapping[str, Any]]
WIDTH, HEIGHT = 620, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 44
POINTS = 600
"""A curve has no more: a page shows no finer."""
COLOURS = 10
"""Of tasks, in the page's style."""


@dataclass(frozen=True)
class Curve:
    """One line."""

    name: str
    path: str
    colour: int
    """Number of its colour; 0: the ink's."""
    end: tuple[float, float]
    last: float


@dataclass(frozen=True)
class Drawing:
    """The loss of the steps, the validation loss of each task, marks of both axes."""

    training: Curve
    validation: list[Curve]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def draw_losses(log: Log) -> Drawing | None:
    """The curves of a log; None where no step is in it."""
    steps = [(line["step"], line["loss"]) for line in log if "loss" in line]
    if not steps:
        return None
    validated = [(line["step"], line["validation"]) for line in log if "validation" in line]
    tasks = sorted({task for _, losses in validated for task in losses} - {"all"})
    named = {task: [(step, losses[task]) for step, losses in validated if task in losses] for task in ["all", *tasks]}
    values = [loss for _, loss in steps] + [loss for points in named.values() for _, loss in points]
    across = Scale(0, max(step for step, _ in steps), LEFT, WIDTH - RIGHT)
    up = Scale.around(values, HEIGHT - BOTTOM, TOP)

    def curve(name: str, points: list[tuple[int, float]], colour: int) -> Curve:
        kept = [points[place] for place in spread(len(points), POINTS)]
        placed = [(across(step), up(loss)) for step, loss in kept]
        path = "M" + "L".join(f"{x},{y}" for x, y in placed)
        return Curve(name, path, colour, placed[-1], kept[-1][1])

    lines = [curve(name, points, n if n <= COLOURS else 0) for n, (name, points) in enumerate(named.items()) if points]
    marks = [(across(value), text) for value, text in ticks(0, across.high) if float(value).is_integer()]
    return Drawing(curve("training", steps, 0), lines, marks, [(up(value), text) for value, text in ticks(up.low, up.high)])
