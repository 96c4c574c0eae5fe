"""The answer to "what if" on the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from polymath.reporting.whatif import ask

if TYPE_CHECKING:
    from polymath.project import Project


def tell_whatif(project: Project, words: list[str]) -> None:
    """Which dials were turned, what each source and task would gain and lose, and ten of the records."""
    answer = ask(project.load, project.parameters("clean"), words)
    console = Console(highlight=False)
    for change in answer.changes:
        console.print(f"[bold]{change}[/bold]")
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "task"):
        table.add_column(heading)
    for heading in ("kept now", "gained", "lost", "tokens now", "gained", "lost"):
        table.add_column(heading, justify="right")
    shown = [(key, o) for key, o in answer.outcomes.items() if o.gained or o.lost]
    for (source, task), o in sorted(shown, key=lambda item: -(item[1].gained + item[1].lost)):
        counts = (o.kept, o.gained, -o.lost, o.tokens, o.tokens_gained, -o.tokens_lost)
        table.add_row(source, task, *(f"{count:,}" if count else "" for count in counts))
    if not shown:
        console.print("No record would meet another fate.")
        return
    console.print(table)
    reasons = ", ".join(f"{count:,} {name}" for name, count in answer.reasons.most_common(5))
    console.print(f"decided by: {reasons}. Tokens of records that were never tokenized are estimates.")
    for flip in answer.flips:
        fate = "[green]kept[/green]   " if flip.kept else "[red]removed[/red]"
        value = f" measured {flip.value:.4g}" if flip.value is not None else ""
        console.print(f"{fate} {escape(flip.id)}: {flip.reason}{value}")
        console.print(f"        [dim]{escape(' '.join(flip.text.split())[:160])}[/dim]")
    console.print("[dim]Nothing was written. What clean lets through may still repeat a record or hold a benchmark item.[/dim]")
