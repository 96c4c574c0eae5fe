"""The last lines of a run: what was made, what was removed, what needs a look, what comes next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from polymath.store.folder import ShardFolder

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


def rows_left(catalog: CatalogProtocol, dataset: str) -> int | None:
    """How many records are still in after a step; None for a dataset that does not tell."""
    if dataset == "quarantined_rows":
        return catalog.load("records").rows
    if not dataset.endswith("_decisions"):
        return None
    folder: ShardFolder = catalog.load(dataset)
    return sum(pc.sum(table["kept"]).as_py() or 0 for table in folder.tables(["kept"]))


def print_summary(catalog: CatalogProtocol) -> None:
    """Six lines."""
    from rich.console import Console

    books = catalog.load("books").read().to_pylist()
    totals: Counter[tuple[str, str]] = Counter()
    for line in books:
        if line["track"] is None or line["ledger"] == "drawn":
            totals[line["ledger"], line["line"]] += line["count"]
    sources = {line["source"] for line in books}
    removed = Counter(
        {name: count for (ledger, name), count in totals.items() if ledger == "records" and name not in ("made", "kept")}
    )
    made, kept = totals["records", "made"], totals["records", "kept"]
    reasons = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in removed.most_common(3)) or "nothing"
    console = Console()
    console.print()
    console.print(
        f"[bold]made[/bold]     {kept:,} of {made:,} records of {len(sources)} sources; "
        f"{totals['tokens', 'train']:,} training tokens in data/04_tokens", highlight=False)  # fmt: skip
    console.print(f"[bold]removed[/bold]  {reasons}", highlight=False)
    console.print("[bold]next[/bold]     kedro trace --source NAME, kedro viz run", highlight=False)
