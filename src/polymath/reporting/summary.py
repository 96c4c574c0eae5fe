"""The last lines of a run: what was made, what was removed, what needs a look, what comes next."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from rich.markup import escape

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
    """Six lines: what was made and where, what was removed, what needs a look, the report, and what comes next."""
    from rich.console import Console

    from polymath.reporting.card.words import plural

    books = catalog.load("books").read().to_pylist()
    totals: Counter[tuple[str, str]] = Counter()
    for line in books:
        if line["track"] is None or line["ledger"] == "drawn":
            totals[line["ledger"], line["line"]] += line["count"]
    sources = {line["source"] for line in books}
    removed = Counter(
        {name: count for (ledger, name), count in totals.items() if ledger == "records" and name not in ("made", "kept")}
    )
    made, kept, tokens = totals["records", "made"], totals["records", "kept"], totals["tokens", "train"]
    reasons = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in removed.most_common(3)) or "nothing"
    read = plural(len(sources), "source")
    told = {"made": f"{kept:,} of {made:,} records of {read}; {tokens:,} training tokens in data/04_tokens"}
    told["removed"] = reasons
    if "data_card" in catalog and catalog.exists("data_card"):
        card = catalog["data_card"]
        told["look at"] = first_of(card.notices)
        told["report"] = f"{nearby(card.page)} (kedro report opens it)"
    told["next"] = "kedro report, kedro trace --source NAME, kedro viz run"
    console = Console(highlight=False)
    console.print()
    for name, text in told.items():
        console.print(f"[bold]{name:<9}[/bold] {escape(text)}", soft_wrap=True)


def first_of(notices: list[str]) -> str:
    """The first notice, and how many more the report has."""
    if not notices:
        return "nothing: the books balance, and nothing stands out"
    more = f" (and {len(notices) - 1} more in the report)" if len(notices) > 1 else ""
    return f"{notices[0].removesuffix('.')}{more}"


def nearby(path: Path) -> Path:
    """As a person types it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
