"""The last lines of a run of evaluate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polymath.reporting.summary import first_of, nearby

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from polymath.datasets import FileDataset


def print_evaluation(catalog: CatalogProtocol) -> None:
    """Three answers, what the model scored, what needs a look, where the page is."""
    from rich.console import Console
    from rich.markup import escape

    page: FileDataset = catalog["evaluation_page"]
    look = first_of(page.notices) if page.notices else "nothing stands out"
    samples = page.note["samples"]
    told = {**page.note["told"], "look at": look, "report": str(nearby(page.page))}
    console = Console(highlight=False)
    console.print()
    for sample in samples:
        console.print(f"[bold]asked    [/bold] {escape(sample['asked'])}", soft_wrap=True)
        console.print(f"[bold]answered [/bold] {escape(sample['answered'])}\n", soft_wrap=True)
    for name, text in told.items():
        console.print(f"[bold]{name:<9}[/bold] {escape(text)}", soft_wrap=True)
