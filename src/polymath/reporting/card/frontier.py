"""Part 5: why these weights: the efficient frontier, where the chosen weights lie, and what was traded."""

from collections import Counter
from dataclasses import dataclass

from polymath.reporting.card.charts import Scale, ticks
from polymath.reporting.card.head import Lines
from polymath.reporting.card.words import plain, share

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 16, 46
NAMES = {"chosen": "chosen", "proportional": "by size", "unimax": "UniMax"}
FLAT = 0.002
"""Frontiers that rise by less than this share offer nothing to trade."""


@dataclass(frozen=True)
class Spot:
    """A mix as a point."""

    kind: str
    label: str
    x: float
    y: float
    above: bool
    """Its label stands above it, so that it does not cover another's."""
    leftward: bool
    """Its label ends at it, so that it stays within the drawing."""
    risk: float
    gain: float


@dataclass(frozen=True)
class Frontier:
    """The drawing, and what it says."""

    line: str
    end: tuple[float, float]
    """Where the curve is highest: its name stands there."""
    spots: list[Spot]
    across: list[tuple[float, str]]
    """Marks of the axis of risk: place and number."""
    up: list[tuple[float, str]]
    """Marks of the axis of gain."""
    assumed: bool
    flat: bool
    """Every mix on the frontier brings the same: there is nothing to trade."""


def draw_frontier(rows: Lines, name: str) -> Frontier | None:
    """The frontier of one track; None for a track that has none (a single concept)."""
    mine = [row for row in rows if row["track"] == name]
    curve = [row for row in mine if row["kind"] == "frontier"]
    if not curve:
        return None
    across = Scale.around([row["risk"] for row in mine], LEFT, WIDTH - RIGHT)
    up = Scale.around([row["gain"] for row in mine], HEIGHT - BOTTOM, TOP)
    points = sorted({(round(across(row["risk"]), 1), round(up(row["gain"]), 1)) for row in curve})
    gains = [row["gain"] for row in curve]
    return Frontier(
        "M" + "L".join(f"{x},{y}" for x, y in points),
        min(points, key=lambda point: (point[1], point[0])),
        _spots([row for row in mine if row["kind"] != "frontier"], across, up),
        [(across(value), text) for value, text in ticks(across.low, across.high)],
        [(up(value), text) for value, text in ticks(up.low, up.high)],
        assumed=any(row["estimates"] == "assumed" for row in mine),
        flat=max(gains) - min(gains) < FLAT * max(gains),
    )


def _spots(rows: Lines, across: Scale, up: Scale) -> list[Spot]:
    """The chosen weights and the plain strategies; those that coincide share one label."""
    labels: dict[tuple[float, float], list[str]] = {}
    kinds: dict[tuple[float, float], str] = {}
    for row in sorted(rows, key=lambda row: row["kind"] != "chosen"):
        place = (round(row["risk"], 5), round(row["gain"], 5))
        labels.setdefault(place, []).append(NAMES.get(row["kind"], plain(row["kind"])))
        kinds.setdefault(place, row["kind"])
    spots: list[Spot] = []
    for (risk, gain), words in sorted(labels.items(), key=lambda item: -item[0][1]):
        x, y = across(risk), up(gain)
        crowded = any(abs(other.x - x) < 110 and 0 <= y - other.y < 26 for other in spots)
        label = f"{words[0]} = {' = '.join(words[1:])}" if len(words) > 1 else words[0]
        spots.append(Spot(kinds[risk, gain], label, x, y, not crowded, x > WIDTH * 0.62, risk, gain))
    return spots


def traded(weights: Lines, rows: Lines, name: str) -> list[str]:
    """What the weights do, against drawing every token once: sentences, the plainest first."""
    mine = [row for row in weights if row["track"] == name]
    tokens, drawn = Counter[str](), Counter[str]()
    for row in mine:
        tokens[row["task"]] += row["tokens"]
        drawn[row["task"]] += row["drawn"]
    sentences = [_moved(tokens, drawn, mine)]
    found = {row["kind"]: row for row in rows if row["track"] == name}
    if {"chosen", "proportional"} <= set(found):
        gain, same = (_bought(found["chosen"][what], found["proportional"][what]) for what in ("gain", "risk"))
        sentences.append(f"Against drawing all tokens equally often, the expected gain is {gain} and the sameness {same}.")
    return sentences


def _moved(tokens: Counter[str], drawn: Counter[str], strata: Lines) -> str:
    """How much stands elsewhere than its size would put it, and which task gains and loses most."""
    whole, all_drawn = max(tokens.total(), 1), max(drawn.total(), 1)
    change = {task: drawn[task] / all_drawn - tokens[task] / whole for task in tokens}
    up, down = max(change, key=lambda t: (change[t], t)), min(change, key=lambda t: (change[t], t))
    if change[up] < 0.005:
        moved = sum(abs(row["drawn"] / all_drawn - row["tokens"] / whole) for row in strata) / 2
        where = (
            "between the subjects of its only task" if len(tokens) == 1 else "between subjects, while tasks keep their shares"
        )
        if moved < 0.0005:
            return "Everything is drawn in proportion to its size."
        return f"{share(moved)} of the tokens are moved {where}."
    return (
        f"Most room is taken from {plain(down)} ({share(tokens[down], whole)} of the tokens before, "
        f"{share(drawn[down], all_drawn)} after) and most given to {plain(up)} ({share(tokens[up], whole)} before, "
        f"{share(drawn[up], all_drawn)} after)."
    )


def _bought(chosen: float, plain_way: float) -> str:
    """One estimate, against drawing by size."""
    change = chosen / plain_way - 1 if plain_way else 0.0
    return "the same" if abs(change) < 0.0005 else f"{share(abs(change))} {'higher' if change > 0 else 'lower'}"
