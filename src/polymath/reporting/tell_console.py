"""Stories and compositions on the console."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from polymath.errors import unknown
from polymath.reporting.trace import find_record, tell
from polymath.reporting.tracing.runs import tell_training

if TYPE_CHECKING:
    from polymath.project import Project

SHOWN = ("prompt", "context", "reply", "replies", "choices", "answer", "messages", "chosen", "rejected", "text")


def tell_record(project: Project, record: str) -> None:
    """A record's text and its whole story."""
    console = Console(highlight=False)
    place = find_record(project.load("records"), record)
    row = project.load("records").shards[place.shard].take([place.row]).to_pylist()[0]
    console.print(f"[bold]{escape(place.id)}[/bold]")
    for name in SHOWN:
        if row[name]:
            console.print(f"  [dim]{name:<9}[/dim] {escape(_short(str(row[name])))}")
    story = tell(project.load, record, project.parameters("clean"))
    for chapter in [*story, *tell_training(project.load, project.trainings(), story)]:
        colour = "red" if chapter.facts.get("removed") else "green"
        console.print(f"[{colour}]{chapter.step:<14}[/{colour}] {escape(chapter.told)}")
        for name, value in chapter.facts.items():
            if value not in (None, [], "") and name not in ("removed", "steps", "track"):
                console.print(f"               [dim]{escape(name)}: {escape(_short(str(value)))}[/dim]")


def describe_source(project: Project, source: str) -> None:
    """A source's ledgers: original rows, removed by reason, moved, generated, examples, tokens, what each track draws."""
    lines = [line for line in project.load("books").read().to_pylist() if line["source"] == source]
    if not lines:
        known = {line["source"] for line in project.load("books").read(["source"]).to_pylist()}
        raise unknown("trace", source, "source of this run", known)
    console = Console(highlight=False)
    table = Table(title=source, title_justify="left", box=None, pad_edge=False)
    for heading in ("ledger", "line", "track"):
        table.add_column(heading)
    table.add_column("count", justify="right")
    table.add_column("share", justify="right")
    wholes = {"rows": "read", "records": "made"}
    for line in lines:
        if line["track"] and not line["count"]:
            continue  # a track that nothing of it goes into
        whole = next((w["count"] for w in lines if (w["ledger"], w["line"]) == (line["ledger"], wholes.get(line["ledger"]))), 0)
        share = f"{line['count'] / whole:.1%}" if whole else ""
        table.add_row(line["ledger"], line["line"], line["track"] or "", f"{line['count']:,}", share)
    console.print(table)
    notes = [shard.entry.note for shard in project.load("records").shards if shard.entry.note["source"] == source]
    for why in {note["refused"] for note in notes if "refused" in note}:
        console.print(f"refused: {escape(why)}")
    console.print("[dim]kedro trace <source>/<number> tells one record's story[/dim]")


def list_quarantined(project: Project, source: str | None, limit: int) -> None:
    """Rows that became no record: how many for each reason, and the first of them with their place."""
    shards = project.load("records").shards  # which are there, too, when too many rows of them ended the run
    rows = [row for shard in shards if shard.entry.aside for row in shard.read_aside().to_pylist()]
    if source and source not in (known := {shard.entry.note["source"] for shard in shards}):
        raise unknown("trace --source", source, "source of this run", known)
    rows = [row for row in rows if source in (None, row["source"])]
    console = Console(highlight=False)
    counts = Counter((row["source"], row["reason"]) for row in rows)
    console.print(f"{len(rows):,} rows are quarantined" + (f" of {source}" if source else ""))
    for (name, reason), count in counts.most_common():
        console.print(f"  {name}: {count:,} {reason}")
    for row in rows[:limit]:
        console.print(f"[bold]{escape(row['source'])}[/bold] {escape(row['file'])} row {row['row']:,}: {escape(row['detail'])}")
        console.print(f"  [dim]{escape(_short(row['excerpt']))}[/dim]")
    if len(rows) > limit:
        console.print(f"and {len(rows) - limit:,} more (--limit)")


def _short(text: str, length: int = 160) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"
