"""Compare: the first model against each other one, item by item, and whether the difference is more than chance."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import pyarrow as pa

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.evaluation.harness import SCORED_ITEM
from polymath.evaluation.held_out import HELD_OUT_ANSWER
from polymath.evaluation.intervals import Comparison, compare_scores
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.pipelines.evaluate.scores import rows_of
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 2

COMPARISON = pa.schema(
    [
        ("model", pa.string()),  # the model that is evaluated
        ("against", pa.string()),  # the one that it is compared with
        ("kind", pa.string()),  # benchmark, held_out
        ("name", pa.string()),  # a benchmark, or a task of the mix
        ("metric", pa.string()),
        ("score", pa.float64()),  # of the model
        ("other", pa.float64()),  # of the one that it is compared with
        ("difference", pa.float64()),  # score - other, over the same items
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("p", pa.float64()),
        ("items", pa.int64()),
        ("noise", pa.bool_()),  # chance may well make such a difference
    ]
)
Scores = dict[tuple[str, str, str], dict[str, dict[str, tuple[float, float]]]]
"""(kind, name, metric) -> model -> item -> score and weight."""


class Sides(Config):
    """Who is compared with whom."""

    model: str
    against: tuple[str, ...]
    confidence: float
    seed: int


def compare_models(
    benchmark_items_scored: ShardFolder,
    held_out_answers: ShardFolder,
    trained: Trained | None,
    evaluate: EvaluateConfig,
    engine: EngineConfig,
) -> Plan:
    """Pairs of scores with McNemar's test or the paired randomisation test; no rows where no other model was named."""
    first, *others = [model.name for model in evaluate.models(trained)]
    config = Sides(model=first, against=tuple(others), confidence=evaluate.confidence, seed=evaluate.seed)
    given = {"benchmark_items_scored": benchmark_items_scored, "held_out_answers": held_out_answers}
    item = Item("comparison", tuple(given.values()), benchmark_items_scored.rows + held_out_answers.rows)
    inputs = {name: folder.digest for name, folder in given.items()}
    return Plan("compare", list_comparisons, (item,), config, VERSION, engine=engine, inputs=inputs)


def list_comparisons(scored: ShardFolder, answers: ShardFolder, sides: Sides) -> pa.Table:
    """Rows of schema COMPARISON: every metric of every benchmark and task that both models have."""
    rows = []
    if sides.against:
        for (kind, name, metric), models in (_benchmarks(scored) | _held_out(answers)).items():
            for other in sides.against:
                if sides.model in models and other in models:
                    found = _compared(models[sides.model], models[other], sides)
                    rows.append(_row(sides.model, other, (kind, name, metric), found))
    return pa.Table.from_pylist(rows, COMPARISON)


def _compared(mine: dict[str, tuple[float, float]], theirs: dict[str, tuple[float, float]], sides: Sides) -> Comparison:
    """Over the items of which both have as much: a shorter context may cut a text earlier."""
    both = sorted(item for item in mine.keys() & theirs.keys() if mine[item][1] == theirs[item][1])
    weights = [mine[item][1] for item in both]
    first, second = ([side[item][0] for item in both] for side in (theirs, mine))
    weighed = weights if set(weights) - {1.0} else None
    return compare_scores(first, second, weighed, sides.confidence, sides.seed)


def _row(model: str, other: str, of: tuple[str, str, str], found: Comparison) -> dict[str, Any]:
    kind, name, metric = of
    return {
        **{"model": model, "against": other, "kind": kind, "name": name, "metric": metric},
        **{"score": found.second, "other": found.first, "difference": found.difference},
        **{"low": found.low, "high": found.high, "p": found.p, "items": found.items, "noise": found.noise},
    }


def _benchmarks(scored: ShardFolder) -> Scores:
    found: Scores = defaultdict(lambda: defaultdict(dict))
    for row in rows_of(scored, SCORED_ITEM):
        for each in row["scores"]:
            key = ("benchmark", row["benchmark"], each["metric"])
            found[key][row["model"]][f"{row['task']}/{row['doc']}"] = (each["score"], 1.0)
    return found


def _held_out(answers: ShardFolder) -> Scores:
    """Scorers; and the loss as bits a byte, which models with different tokenizers can be compared by."""
    found: Scores = defaultdict(lambda: defaultdict(dict))
    for row in rows_of(answers, HELD_OUT_ANSWER):
        for each in row["scores"]:
            found["held_out", row["task"], each["metric"]][row["model"]][row["id"]] = (each["score"], 1.0)
        if row["tokens"]:
            bits = (row["loss"] / math.log(2), float(row["bytes"]))
            found["held_out", row["task"], "bits_per_byte"][row["model"]][row["id"]] = bits
    return found
