"""The scores of a run that are worth comparing with other runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from polymath.store.folder import ShardFolder


def evaluation_metrics(made: Mapping[str, ShardFolder], steps: Collection[str]) -> dict[str, float]:
    """Main scores of the model that is evaluated, by name; of the steps that this run went through, not of an earlier one."""
    return next(iter(evaluations(made, steps).values()), {})


def evaluations(made: Mapping[str, ShardFolder], steps: Collection[str]) -> dict[str, dict[str, float]]:
    """The same of every model, the one that is evaluated first."""
    found: dict[str, dict[str, float]] = {}
    for step, dataset, group in STEPS:
        if step in steps and dataset in made:
            for row in made[dataset].read().to_pylist():
                mine = found.setdefault(row["model"], {})
                mine |= {name: round(value, 6) for name, value in _scores(dataset, group, row) if value is not None}
    return found


def _scores(dataset: str, group: str, row: Mapping[str, Any]) -> Iterator[tuple[str, float | None]]:
    """The main scores in a row of a table of scores."""
    if dataset == "benchmark_scores" and row["main"] and row["task"] == row["benchmark"]:
        yield f"{group}/{row['benchmark']}", row["score"]
        yield f"{group}_clean/{row['benchmark']}", row["clean_score"]
    elif dataset == "held_out_scores" and (row["main"] or row["metric"] == "loss"):
        yield f"{group}{'_loss' if row['metric'] == 'loss' else ''}/{row['task']}", row["score"]
    elif dataset == "probe_scores" and row["scorer"] == "all":
        yield f"{group}/{row['probe']}", row["score"]


STEPS = (
    ("harness", "benchmark_scores", "benchmark"),
    ("held_out", "held_out_scores", "held_out"),
    ("probes", "probe_scores", "probe"),
)
"""Step, its dataset (whose first rows are of the model that is evaluated), and the group of its metrics."""
