"""The geometry of the diagram of flows: sources on the left, what became of their records on the right."""

from collections import Counter
from dataclasses import dataclass

from polymath.reporting.card.colours import in_order, task_class
from polymath.reporting.card.fates import Ledger, reasons
from polymath.reporting.card.words import plain, trace

Key = tuple[str, str]
"""Where records end: `kept` and their task, or `removed` and the reason (empty for all that are not named)."""
SLOT = 19.0
"""Least height of a node with its label."""
FLOW = 300.0
"""Height of all records together."""


@dataclass(frozen=True)
class Node:
    """A bar, its label and its number."""

    label: str
    count: int
    y: float
    height: float
    css: str
    command: str


@dataclass(frozen=True)
class Link:
    """A ribbon from the left to the right, `width` thick."""

    path: str
    width: float
    css: str
    title: str


@dataclass(frozen=True)
class Sankey:
    """A drawing `width` x `height`; nodes stand at `left` and `right`."""

    width: int
    height: float
    left: float
    right: float
    sources: list[Node]
    ends: list[Node]
    """Kept, by task, and then the reasons."""
    links: list[Link]


@dataclass
class _Group:
    """Sources that are drawn as one node."""

    label: str
    css: str
    command: str
    flows: Counter[Key]


def draw_sankey(lines: list[Ledger], width: int, margin: int, most: tuple[int, int]) -> Sankey:
    """The largest sources and reasons (at most so many) by themselves; other sources together by task, other reasons as one.

    `margin` is room for labels.
    """
    groups = _groups([line for line in lines if line.records], most[0])
    named = [name for name, _ in reasons(lines)][: most[1]]
    for group in groups:
        group.flows = _fold(group.flows, named)
    total = max(sum(group.flows.total() for group in groups), 1)
    scale = FLOW / total
    tasks = in_order({name for group in groups for kind, name in group.flows if kind == "kept"})
    others = any(name == "" for group in groups for kind, name in group.flows if kind == "removed")
    keys = [("kept", task) for task in tasks] + [("removed", name) for name in [*named, *([""] if others else [])]]
    sums: Counter[Key] = Counter()
    for group in groups:
        sums.update(group.flows)
    heights = [group.flows.total() * scale for group in groups], [sums[key] * scale for key in keys]
    height = max(_room(side) for side in heights)
    left, right = (_stack(side, height) for side in heights)
    sources = [
        Node(g.label, g.flows.total(), y, g.flows.total() * scale, g.css, g.command) for g, y in zip(groups, left, strict=True)
    ]
    ends = [_end(key, sums[key], y, sums[key] * scale) for key, y in zip(keys, right, strict=True)]
    links = _links(groups, keys, left, right, scale, (margin + 8.0, width - margin - 8.0))
    return Sankey(width, height, margin, width - margin, sources, ends, links)


def _groups(lines: list[Ledger], most: int) -> list[_Group]:
    """The largest sources, task by task, and after them the others of the task as one: so that few ribbons cross."""
    largest = {line.source for line in sorted(lines, key=lambda line: (-line.records, line.source))[:most]}
    groups = []
    for task in in_order({line.task for line in lines}):
        mine = sorted((line for line in lines if line.task == task), key=lambda line: (-line.records, line.source))
        rest = [line for line in mine if line.source not in largest]
        shown = [line for line in mine if line.source in largest or len(rest) == 1]
        groups += [_Group(one.source, task_class(task), trace(source=one.source), _flows([one])) for one in shown]
        if len(rest) > 1:
            groups.append(_Group(f"{len(rest)} more: {plain(task)}", task_class(task), "", _flows(rest)))
    return groups


def _flows(lines: list[Ledger]) -> Counter[Key]:
    flows: Counter[Key] = Counter()
    for line in lines:
        flows.update({("kept", task): count for task, count in line.kept.items()})
        flows.update({("removed", reason): count for reason, count in line.removed.items()})
    return flows


def _fold(flows: Counter[Key], named: list[str]) -> Counter[Key]:
    """Reasons that are not named become one, without a name."""
    folded: Counter[Key] = Counter()
    for (kind, name), count in flows.items():
        folded[kind, name if kind == "kept" or name in named else ""] += count
    return folded


def _room(heights: list[float]) -> float:
    """The height of a side: every node has a slot with room for its label."""
    return sum(max(height + 4, SLOT) for height in heights)


def _stack(heights: list[float], whole: float) -> list[float]:
    """The top of each node, in the middle of its slot; the slots share what is left of the whole height."""
    spare = (whole - _room(heights)) / max(len(heights), 1)
    tops, y = [], 0.0
    for height in heights:
        slot = max(height + 4, SLOT) + spare
        tops.append(round(y + (slot - height) / 2, 2))
        y += slot
    return tops


def _end(key: Key, count: int, y: float, height: float) -> Node:
    kind, name = key
    if kind == "kept":
        return Node(f"kept: {plain(name)}", count, y, height, task_class(name), trace(reason="kept", task=name))
    label = plain(name) if name else "other reasons"
    return Node(label, count, y, height, "gone", trace(reason=name) if name else "")


def _links(
    groups: list[_Group], keys: list[Key], left: list[float], right: list[float], scale: float, xs: tuple[float, float]
) -> list[Link]:
    """Ribbons as thick strokes, those of one node side by side in the order of the other side."""
    taken = [0.0] * len(keys)
    links = []
    for group, top in zip(groups, left, strict=True):
        y = top
        for place, key in enumerate(keys):
            count = group.flows[key]
            if not count:
                continue
            size = count * scale
            start, end = y + size / 2, right[place] + taken[place] + size / 2
            y, taken[place] = y + size, taken[place] + size
            middle = (xs[0] + xs[1]) / 2
            path = f"M{xs[0]:.1f},{start:.1f}C{middle:.1f},{start:.1f},{middle:.1f},{end:.1f},{xs[1]:.1f},{end:.1f}"
            told = f"kept as {plain(key[1])}" if key[0] == "kept" else f"removed: {plain(key[1]) or 'other reasons'}"
            css = task_class(key[1]) if key[0] == "kept" else "gone"
            links.append(Link(path, round(max(size, 0.4), 2), css, f"{group.label}: {count:,} {told}"))
    # What is removed is drawn first: thousands that are kept should not hide behind the hairs of single records.
    return sorted(links, key=lambda link: link.css != "gone")
