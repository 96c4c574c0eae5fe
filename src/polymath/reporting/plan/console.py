"""The last lines of a run of plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polymath.reporting.summary import first_of, nearby

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from polymath.datasets import FileDataset


def print_plan(catalog: CatalogProtocol) -> None:
    """What the budget comes to, what needs a look, where the page is."""
    from rich.console import Console
    from rich.markup import escape

    page: FileDataset = catalog["plan_page"]
    look = first_of(page.notices) if page.notices else "nothing stands out"
    told = {**page.note["told"], "look at": look, "report": str(nearby(page.page))}
    if catalog.exists("plan_fragment"):
        told["next"] = f"{nearby(catalog['plan_fragment'].page)} holds the plan as parameters"
    console = Console(highlight=False)
    console.print()
    for name, text in told.items():
        console.print(f"[bold]{name:<9}[/bold] {escape(text)}", soft_wrap=True)
