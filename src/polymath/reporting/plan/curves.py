"""Iso-FLOP curves as a drawing: parameters across, in logarithms, loss upwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from polymath.reporting.card.charts import Scale, ticks
from polymath.reporting.plan.words import big, power

Lines = list[dict[str, Any]]
WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 16, 46


@dataclass(frozen=True)
class Curve:
    """Models that all cost the same."""

    path: str
    best: tuple[float, float]
    """Its lowest point."""
    name: str
    chosen: bool
    """Whether it is the budget's."""


@dataclass(frozen=True)
class Spot:
    """A model as a point."""

    x: float
    y: float
    title: str


@dataclass(frozen=True)
class Drawing:
    """Curves, the line through their lowest points, published models, marks of both axes."""

    curves: list[Curve]
    valley: str
    published: list[Spot]
    left_out: int
    """Published models beyond the edges."""
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]


def draw_curves(points: Lines, published: Lines) -> Drawing:
    """The drawing of the rows of `iso_flop_curves` and of the published models of `training_plan`."""
    sizes = [math.log10(point["parameters"]) for point in points]
    across = Scale(min(sizes), max(sizes), LEFT, WIDTH - RIGHT)
    up = Scale.around([point["loss"] for point in points], HEIGHT - BOTTOM, TOP)

    def place(point: dict[str, Any]) -> tuple[float, float]:
        return across(math.log10(point["parameters"])), up(point["loss"])

    curves = []
    for share in dict.fromkeys(point["share"] for point in points):
        mine = [point for point in points if point["share"] == share]
        best = next(place(point) for point in mine if point["optimal"])
        path = _path([place(point) for point in mine])
        curves.append(Curve(path, best, f"{power(mine[0]['flop'])} FLOP", share == 1))
    spots = [Spot(*place(row), f"{row['name']}: {big(row['parameters'])} on {big(row['tokens'])} tokens") for row in published]
    inside = [spot for spot in spots if LEFT <= spot.x <= WIDTH - RIGHT and TOP <= spot.y <= HEIGHT - BOTTOM]
    powers = range(math.ceil(across.low), math.floor(across.high) + 1)
    return Drawing(
        curves,
        _path([curve.best for curve in curves]),
        inside,
        len(spots) - len(inside),
        [(across(power), big(10.0**power).replace(".00", "").replace(".0", "")) for power in powers],
        [(up(value), text) for value, text in ticks(up.low, up.high)],
    )


def _path(points: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x},{y}" for x, y in points)
