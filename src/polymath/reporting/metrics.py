"""The numbers of a run that are worth comparing: rows by fate, tokens by task, rates, speed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


def run_metrics(catalog: CatalogProtocol, seconds: Mapping[str, float]) -> dict[str, float]:
    """Metrics by name, dots between their levels: `records.kept`, `removed.near_duplicate`, `tokens.chat`, `seconds.dedup`."""
    metrics: dict[str, float] = {f"seconds.{step}": round(spent, 2) for step, spent in seconds.items()}
    if not catalog.exists("books"):
        return metrics
    totals: Counter[tuple[str, str]] = Counter()
    for line in catalog.load("books").read().to_pylist():
        if line["track"] is None:
            totals[line["ledger"], line["line"]] += line["count"]
    for (ledger, name), count in totals.items():
        if ledger == "rows":
            metrics[f"rows.{name}"] = count
        elif ledger == "records":
            metrics[f"records.{name}" if name in ("made", "kept") else f"removed.{name}"] = count
    made = max(totals["records", "made"], 1)
    duplicates = totals["records", "near_duplicate"] + totals["records", "copy"]
    metrics |= {"rate.kept": totals["records", "kept"] / made, "rate.duplicates": duplicates / made}
    for row in catalog.load("token_counts").read().to_pylist():
        for name in (f"tokens.{row['task']}", "tokens.train") if row["split"] == "train" else ():
            metrics[name] = metrics.get(name, 0) + row["tokens"]
    spent = sum(seconds.values())
    if spent > 0:
        metrics["speed.mb_per_second"] = round(catalog.load("records").bytes / 1e6 / spent, 2)
    return metrics
