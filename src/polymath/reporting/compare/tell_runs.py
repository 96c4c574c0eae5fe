"""The runs of a project on the console."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rich.table import Table
from rich.text import Text

from polymath.reporting.card.words import amount, count, share, short, visible
from polymath.reporting.compare.snapshot import SNAPSHOT
from polymath.reporting.compare.tell_compare import plain_console
from polymath.tracking.record import RunRecord, read_records

WIDE = 130
"""Columns of a terminal that shows whole ids; below, their last word stands for them."""
STATUS = {"FINISHED": "green", "FAILED": "red", "KILLED": "red", "RUNNING": "yellow"}
NUMBERS: dict[str, tuple[str, Callable[[float], str]]] = {
    "records_kept": ("kept", count),
    "kept_share": ("share", share),
    "duplicate_share": ("duplicates", share),
    "benchmark_leaks": ("leaks", count),
    "training_tokens": ("tokens", short),
    "mb_per_second": ("MB/s", amount),
    "validation_loss": ("loss", "{:.3f}".format),
}
"""The six metrics by which a run of curate is told from another, and what a training run came to."""
HOW = (
    "kedro compare RUN_A RUN_B sets two of them side by side, by id (or the beginning or last word of one), name, "
    "`previous` or `last`; without names it compares the last two."
)


def tell_runs(project: Path, limit: int) -> None:
    """The newest runs, the very newest last, and how to compare two of them."""
    console = plain_console()
    records = read_records(project)
    if not records:
        console.print("no run yet; the first one: kedro run --pipeline=curate")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("run", "name", "when", "status"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "name")
    for heading, _ in NUMBERS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for record in records[-limit:]:
        table.add_row(*_row(record, whole_id=console.width >= WIDE))
    if len(records) > limit:
        console.print(f"[dim]{len(records) - limit:,} earlier runs are not shown (--limit)[/dim]")
    console.print(table)
    if any((record.folder(project) / SNAPSHOT).exists() for record in records):
        console.print(Text(f"\n{HOW}", "dim"))


def _row(record: RunRecord, whole_id: bool) -> list[Text]:
    """One run."""
    name = record.id if whole_id else record.id.rpartition("-")[2]
    numbers = [told(record.metrics[each]) if each in record.metrics else "" for each, (_, told) in NUMBERS.items()]
    status = Text(record.status.lower(), STATUS.get(record.status, ""))
    return [
        Text(name, "bold"),
        Text(visible(record.name)),
        Text(_ago(record.started)),
        status,
        *(Text(each) for each in numbers),
    ]


def _ago(started: float) -> str:
    """`5 min ago`: the id has the time itself."""
    seconds = max(time.time() - started, 0.0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:,.0f} {unit} ago"
    return "just now"
