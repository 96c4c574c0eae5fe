"""Records by what became of them: the rows behind a number of the data card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.errors import unknown
from polymath.reporting.trace import Load

if TYPE_CHECKING:
    from polymath.project import Project

COLUMNS = {
    "reason": ("split_decisions", "reason"),
    "task": ("split_decisions", "task"),
    "split": ("split_decisions", "split"),
    "tier": ("text_signals", "tier"),
    "language": ("text_signals", "language"),
    "moved": ("clean_decisions", "moved"),
    "benchmark": ("decontaminate_decisions", "benchmark"),
    "concept": ("record_concepts", "concept"),
}
"""What records may be listed by: the dataset and the column that say it."""
ANY = {"reason": "removed", "moved": "any", "benchmark": "any"}
"""The word for "whatever it is": `--reason removed` lists all that are removed, `--moved any` all that are moved."""
FIELDS = ("prompt", "text", "messages", "context", "reply")


@dataclass(frozen=True)
class Found:
    """How many records there are, and where the first of them stand: id, shard and row."""

    count: int
    first: list[tuple[str, int, int]]


def find_records(load: Load, wanted: Mapping[str, str], source: str | None, limit: int) -> Found:
    """The records for which every wanted column has its value. A value that no record has is a `UserError`."""
    records = load("records")
    known: dict[str, set[str]] = {name: set() for name in wanted}
    sources = list(dict.fromkeys(shard.entry.note["source"] for shard in records.shards))
    if source is not None and source not in sources:
        raise unknown("trace --source", source, "source of this run", sources)
    count, first, number = 0, list[tuple[str, int, int]](), dict.fromkeys(sources, 0)
    for place, shard in enumerate(records.shards):
        name = shard.entry.note["source"]
        start, number[name] = number[name], number[name] + shard.rows
        if source not in (None, name):
            continue
        mask = np.ones(shard.rows, bool)
        for what, value in wanted.items():
            dataset, column = COLUMNS[what]
            values = load(dataset).shards[place].read([column])[column].cast(pa.string())
            known[what] |= set(pc.unique(values).to_pylist()) - {None}
            mask &= _matches(what, value, values)
        rows = np.flatnonzero(mask)
        count += len(rows)
        first += [(f"{name}/{start + row}", place, row) for row in rows[: max(limit - len(first), 0)].tolist()]
    for what, value in wanted.items():
        words = {*([ANY[what]] if what in ANY else []), *(["kept"] if what == "reason" else [])}
        if value not in known[what] | words:
            raise unknown(f"trace --{what}", value, f"{what} of this run", known[what] | words)
    return Found(count, first)


def _matches(what: str, value: str, values: pa.ChunkedArray) -> np.ndarray:
    """bool[rows]; no reason is `kept`."""
    if value == ANY.get(what):
        mask = values.is_valid()
    elif what == "reason" and value == "kept":
        mask = values.is_null()
    else:
        mask = pc.fill_null(pc.equal(values, value), False)
    return np.asarray(mask.to_numpy(), bool)


def list_records(project: Project, wanted: Mapping[str, str], source: str | None, limit: int) -> None:
    """Print how many there are, and the first of them with the beginning of their text."""
    from rich.console import Console
    from rich.markup import escape

    from polymath.reporting.card.excerpts import as_text
    from polymath.reporting.card.words import cut, visible

    found = find_records(project.load, wanted, source, limit)
    console = Console(highlight=False)
    console.print(f"{found.count:,} records")
    shards = project.load("records").shards
    for name, shard, row in found.first:
        record = shards[shard].take([row], FIELDS).to_pylist()[0]
        text = next((as_text(value) for value in record.values() if value), "")
        console.print(
            f"[bold]{escape(name)}[/bold]  [dim]{escape(cut(' '.join(visible(text).split()), 100))}[/dim]", soft_wrap=True
        )
    if found.count > len(found.first):
        console.print(f"and {found.count - len(found.first):,} more (--limit); kedro trace RECORD tells one record's story")
