"""Scores as people read them."""

from __future__ import annotations

from typing import Any

from polymath.reporting.card.words import NARROW, amount, share

LOSSES = ("loss", "perplexity", "bits_per_byte")
"""Metrics that are no shares of 1."""


def scored(row: dict[str, Any], name: str = "score") -> str:
    """`41.5 %`, or `3.42` of a loss; a dash where nothing was scored."""
    return measured(row[name], row.get("metric", ""))


def measured(value: float | None, metric: str) -> str:
    """A value of a metric."""
    if value is None:
        return "–"
    return loss(value) if metric in LOSSES else share(value)


def loss(value: float) -> str:
    """`6.80`, `896.7`: two digits after the point, fewer of large ones."""
    return f"{value:.2f}" if value < 100 else amount(value)


def between(row: dict[str, Any], prefix: str = "") -> str:
    """`38.1–45.0 %`: the interval."""
    low, high = row[f"{prefix}low"], row[f"{prefix}high"]
    if low is None or high is None:
        return "–"
    if row.get("metric", "") in LOSSES:
        return f"{loss(low)}–{loss(high)}"
    return f"{100 * low:.1f}–{100 * high:.1f}{NARROW}%"


def difference(row: dict[str, Any]) -> str:
    """`+3.1 points`, or `-0.12` of a loss."""
    if row["metric"] in LOSSES:
        return f"{row['difference']:+.3f}"
    return f"{100 * row['difference']:+.1f}{NARROW}points"


def probability(value: float) -> str:
    """`p = 0.031`, `p < 0.001`."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
