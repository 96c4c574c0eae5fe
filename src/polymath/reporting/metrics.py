"""The numbers of a run that are worth comparing: rows by fate, tokens by task, rates, speed.

Six of them tell runs apart and have plain names; the others stand in groups (`removed/copy`, `tokens/chat`), which MLflow
folds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from polymath.datasets.finished import finished_folders, stale_folders
from polymath.pipelines.curate.decontaminate import LEAK
from polymath.pipelines.curate.verify import COPY, NEAR_DUPLICATE
from polymath.reporting.evaluation.metrics import evaluation_metrics

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


def run_metrics(catalog: CatalogProtocol, seconds: Mapping[str, float], outputs: Collection[str]) -> dict[str, float]:
    """Metrics by name, those that tell runs apart first; of a mix only where books are among the run's `outputs`."""
    spent = {f"seconds/{step}": round(value, 2) for step, value in seconds.items()}
    made = finished_folders(catalog)
    spent |= evaluation_metrics(made, seconds)
    if not {"books"} <= {*outputs} & {*made} or "books" in stale_folders(made):
        return spent
    totals: Counter[tuple[str, str]] = Counter()
    for line in made["books"].read().to_pylist():
        if line["track"] is None:
            totals[line["ledger"], line["line"]] += line["count"]
    tokens: Counter[str] = Counter()
    for row in made["token_counts"].read(["task", "split", "tokens"]).to_pylist():
        tokens[row["task"]] += row["tokens"] if row["split"] == "train" else 0
    records = max(totals["records", "made"], 1)
    metrics: dict[str, float] = {
        "records_kept": totals["records", "kept"],
        "kept_share": round(totals["records", "kept"] / records, 4),
        "duplicate_share": round((totals["records", NEAR_DUPLICATE] + totals["records", COPY]) / records, 4),
        "benchmark_leaks": totals["records", LEAK],
        "training_tokens": tokens.total(),
    }
    # Of the work that made what stands there, whichever runs did it: a run that takes most of it as it is would look fast.
    if total := sum(folder.manifest.seconds for folder in made.values()):
        metrics["mb_per_second"] = round(made["records"].bytes / 1e6 / total, 2)
    for (ledger, name), count in totals.items():
        if ledger == "records" and name not in ("made", "kept"):
            metrics[f"removed/{name}"] = count
        elif ledger in ("rows", "records", "labels") and name != "kept":
            metrics[f"{ledger}/{name}"] = count
    return metrics | {f"tokens/{task}": count for task, count in tokens.items()} | spent


def run_tags(catalog: CatalogProtocol, inputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Words that runs are found by: their sources, their tracks, and the digest of the mix, as the data card shows it."""
    from polymath.reporting.card.head import mix_digest
    from polymath.reporting.card.page import TRAINED_ON

    made = finished_folders(catalog)
    tags = {"sources": " ".join(name for name, given in inputs.items() if given["context"] == "source")}
    if set(TRAINED_ON) <= set(made):
        tags["mix"] = mix_digest([made[name] for name in TRAINED_ON])[:12]
        tags["tracks"] = " ".join(shard.name for shard in made["schedule"].shards if shard.rows)
    return tags
