"""What Kedro-Viz shows when a dataset's box is clicked: a table, a bar chart, or some sentences. The catalog says which.

Kedro-Viz tells the kind by the name of the class that a dataset's `preview` is annotated with.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from typing import Any

from polymath.store.folder import ShardFolder

TEXT_LENGTH = 160
KEPT, OTHER = "kept", "other"
TASK_COLOURS = (
    "#5c409b", "#2674d1", "#4cbfe8", "#1fa39f", "#cfc05a", "#7d7c23", "#e0981a", "#a688f2", "#a2517f", "#7a4a20",
)  # fmt: skip
"""Of the tasks in their order, as on the data card; what has no colour of its own is `PLAIN`."""
PLAIN = "#64748b"
GREYS = ("#4b5563", "#9ca3af", "#d1d5db", "#6b7280", "#b6bcc6")
"""Of what was removed, beside what was kept."""
UNMARKED = str.maketrans({"_": "\u02cd", "*": "\u2217", "`": "\u02cb", "[": "\u2045", "]": "\u2046"})
"""Signs of Markdown, and what looks like them."""
Where = Mapping[str, Any]


class TablePreview(dict[str, Any]):
    """A table: `index`, `columns`, `data`."""


class PlotlyPreview(dict[str, Any]):
    """A figure of Plotly: `data`, `layout`."""


class HTMLPreview(str):
    """Markdown with HTML in it."""


def first_rows(folder: ShardFolder, columns: Sequence[str], rows: int) -> TablePreview:
    """The first rows of the first shard that has some; of `columns`, or of all that are not empty there."""
    shard = next((shard for shard in folder.shards if shard.rows), None)
    if shard is None:
        return TablePreview(index=[], columns=["empty"], data=[])
    table = shard.take(range(min(rows, shard.rows)), list(columns) or None)
    shown = [name for name in table.column_names if columns or table[name].null_count < len(table)]
    return _table(shown, [[_cell(row[name]) for name in shown] for row in table.select(shown).to_pylist()])


def counted(folder: ShardFolder, by: Sequence[str], rows: int) -> TablePreview:
    """How many rows have each combination of values, the most frequent first."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for table in folder.tables(by):
        grouped = table.group_by(list(by), use_threads=False).aggregate([([], "count_all")])
        for row in grouped.to_pylist():
            counts[tuple(row[name] for name in by)] += row["count_all"]
    total = max(counts.total(), 1)
    data = [[*map(_cell, key), _cell(count), f"{count / total:.1%}"] for key, count in counts.most_common(rows)]
    return _table([*by, "rows", "share"], data)


def pivoted(folder: ShardFolder, index: str, columns: str, values: str, where: Where) -> TablePreview:
    """One line for each value of `index`, one column for each of `columns`, the sum of `values` in the cells; largest first."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in _rows(folder, where):
        sums[row[index], row[columns]] += row[values]
    heads = _by_size(sums, 1)
    lines = [[name, *(_cell(sums[name, head]) if sums[name, head] else "" for head in heads)] for name in _by_size(sums, 0)]
    return _table([index, *heads], lines)


def noted(folder: ShardFolder, each: str) -> TablePreview:
    """What the notes of the shards say, a line for each shard; `each`: what a shard is."""
    notes = {
        shard.name: {k: v for k, v in shard.entry.note.items() if isinstance(v, str | int | float)} for shard in folder.shards
    }
    heads = list(dict.fromkeys(name for note in notes.values() for name in note))
    return _table([each, "rows", *heads], [
        [shard.name, _cell(shard.rows), *(_cell(notes[shard.name].get(head)) for head in heads)] for shard in folder.shards
    ])  # fmt: skip


def bars(folder: ShardFolder, total: str, by: str, colour: str, title: str, where: Where, whole: bool) -> PlotlyPreview:
    """Horizontal bars, stacked by `colour`: the sum of `total` for each `by`. `whole`: each bar as shares of itself."""
    sums: Counter[tuple[str, str]] = Counter()
    for row in _rows(folder, where):
        sums[row[by] or "none", row[colour] or KEPT] += row[total]
    names, parts = _by_size(sums, 0), _by_size(sums, 1)
    most = len(GREYS) if KEPT in parts else len(TASK_COLOURS)
    shown = parts if len(parts) <= most else [*parts[: most - 1], OTHER]
    for name, part in list(sums):
        if part not in shown:
            sums[name, OTHER] += sums.pop((name, part))
    wholes = {name: sum(sums[name, part] for part in shown) or 1 for name in names}
    colours = _colours(shown)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": _words(part),
            "y": names,
            "x": [sums[name, part] / wholes[name] if whole else sums[name, part] for name in names],
            "marker": {"color": colours[part]},
            "hovertemplate": f"%{{y}}: {_words(part)} %{{x{':.1%' if whole else ':,'}}}<extra></extra>",
        }
        for part in shown
    ]
    return PlotlyPreview(data=traces, layout=_layout(title, len(names), whole))


def said(told: Mapping[str, str], lines: Sequence[str]) -> HTMLPreview:
    """Facts by name, and sentences below them."""
    facts = "<br>".join(f"<strong>{_plain(value)}</strong> {_plain(name)}" for name, value in told.items())
    paragraphs = "".join(f"<p>{each}</p>" for each in (facts, *map(_plain, lines)))
    return HTMLPreview(f'<div style="max-width: 24rem">{paragraphs}</div>')  # Kedro-Viz's own is wider than its panel


def _plain(text: str) -> str:
    """Text that is neither HTML nor Markdown: Kedro-Viz undoes entities before it looks for Markdown, look-alikes stay."""
    return escape(" ".join(text.split())).translate(UNMARKED)


def _rows(folder: ShardFolder, where: Where) -> list[dict[str, Any]]:
    return [
        row
        for table in folder.tables()
        for row in table.to_pylist()
        if all(row[name] in (value if isinstance(value, list) else [value]) for name, value in where.items())
    ]


def _by_size(sums: Mapping[tuple[str, str], Any], place: int) -> list[str]:
    totals: Counter[str] = Counter()
    for key, value in sums.items():
        totals[key[place]] += value
    return [name for name, _ in totals.most_common()]


def _colours(names: Sequence[str]) -> dict[str, str]:
    """Tasks have their own on every page; of fates, what is kept has one and what was removed is grey; others take turns."""
    from polymath.tasks import TASKS

    tasks = dict(zip(islice(TASKS, len(TASK_COLOURS)), TASK_COLOURS, strict=False))
    if set(names) & set(TASKS):
        return {name: tasks.get(name, PLAIN) for name in names}
    if KEPT in names:
        greys = iter(GREYS)
        return {name: TASK_COLOURS[3] if name == KEPT else next(greys) for name in names}
    return {name: TASK_COLOURS[place % len(TASK_COLOURS)] for place, name in enumerate(names)}


def _layout(title: str, lines: int, whole: bool) -> dict[str, Any]:
    return {
        "barmode": "stack",
        "bargap": 0.25,
        "height": 150 + 34 * lines,
        "margin": {"l": 20, "r": 20, "t": 20, "b": 60},
        "xaxis": {"title": {"text": title}, "tickformat": ".0%" if whole else "~s", "automargin": True},
        "yaxis": {"autorange": "reversed", "automargin": True, "ticksuffix": "  ", "tickmode": "linear", "dtick": 1},
        "legend": {"orientation": "h", "y": -0.16, "yanchor": "top", "traceorder": "normal"},
    }


def _table(columns: Sequence[str], data: list[list[str]]) -> TablePreview:
    return TablePreview(index=list(range(len(data))), columns=[_words(name) for name in columns], data=data)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _cell(value: Any) -> str:
    """A value as people read it, cut where it is long."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= TEXT_LENGTH else text[: TEXT_LENGTH - 1] + "…"
