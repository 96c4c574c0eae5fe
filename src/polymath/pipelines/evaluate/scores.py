"""Scores: what items come to, with intervals, and over the items alone that the mix does not overlap."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.evaluation.harness import SCORED_ITEM
from polymath.evaluation.held_out import HELD_OUT_ANSWER
from polymath.evaluation.intervals import Interval, interval, ratio_interval
from polymath.evaluation.suites import Harness
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.pipelines.evaluate.overlaps import BENCHMARK_OVERLAP
from polymath.store.folder import ShardFolder
from polymath.training.losses import perplexity

VERSION = 1

_INTERVAL = [("score", pa.float64()), ("low", pa.float64()), ("high", pa.float64()), ("items", pa.int64())]
BENCHMARK_SCORE = pa.schema(
    [
        ("model", pa.string()),
        ("benchmark", pa.string()),
        ("task", pa.string()),  # the benchmark as a whole, or one of its parts
        ("metric", pa.string()),
        ("main", pa.bool_()),  # the metric that tells most
        ("shots", pa.int32()),
        *_INTERVAL,
        ("stderr", pa.float64()),  # as lm-eval reckons it
        ("clean_score", pa.float64()),  # over the items that share no n-gram with the mix; null where there is no mix
        ("clean_low", pa.float64()),
        ("clean_high", pa.float64()),
        ("clean_items", pa.int64()),
    ]
)
HELD_OUT_SCORE = pa.schema(
    [
        ("model", pa.string()),
        ("task", pa.string()),
        ("metric", pa.string()),  # a scorer's name; loss (nats a token), perplexity, bits_per_byte
        ("main", pa.bool_()),
        *_INTERVAL,
    ]
)


class Sureness(Config):
    """Of intervals."""

    confidence: float
    seed: int
    metrics: dict[str, str]
    """The main metric of each benchmark."""
    mixed: bool
    """There is a mix that items may overlap with."""


def score_benchmarks(
    benchmark_items_scored: ShardFolder,
    benchmark_overlaps: ShardFolder,
    mixed_split: ShardFolder | None,
    harness: Harness,
    evaluate: EvaluateConfig,
    engine: EngineConfig,
) -> Plan:
    """Each metric of each task, and of each benchmark over all of its parts."""
    metrics = {name: entry.metric for name, entry in harness.root.items()}
    config = Sureness(confidence=evaluate.confidence, seed=evaluate.seed, metrics=metrics, mixed=mixed_split is not None)
    inputs = {"benchmark_items_scored": benchmark_items_scored.digest, "benchmark_overlaps": benchmark_overlaps.digest}
    item = Item("scores", (benchmark_items_scored, benchmark_overlaps), benchmark_items_scored.rows)
    return Plan("harness", list_benchmark_scores, (item,), config, VERSION, engine=engine, inputs=inputs)


def rows_of(folder: ShardFolder, schema: pa.Schema) -> list[dict[str, Any]]:
    """All rows; none of a dataset without shards."""
    table = folder.read() if folder.shards else schema.empty_table()
    return list(table.to_pylist())


def list_benchmark_scores(scored: ShardFolder, overlaps: ShardFolder, config: Sureness) -> pa.Table:
    """Rows of schema BENCHMARK_SCORE, model by model, benchmarks before their parts."""
    seen = {row["item"] for row in rows_of(overlaps, BENCHMARK_OVERLAP)}
    shots = {(s.entry.note["model"], s.entry.note["task"]): s.entry.note.get("shots", 0) for s in scored.shards}
    groups: dict[tuple[str, str, str, str], list[tuple[str, float, bool]]] = defaultdict(list)
    for row in rows_of(scored, SCORED_ITEM):
        for task in dict.fromkeys((row["benchmark"], row["task"])):
            for score in row["scores"]:
                key = (row["model"], row["benchmark"], task, score["metric"])
                groups[key].append((row["task"], score["score"], row["item"] not in seen))
    rows = []
    for (model, benchmark, task, metric), values in groups.items():
        every = [value for _, value, _ in values]
        clean = interval([v for _, v, is_clean in values if is_clean], config.confidence, config.seed) if config.mixed else None
        rows.append(
            {
                "model": model,
                "benchmark": benchmark,
                "task": task,
                "metric": metric,
                "main": metric == config.metrics[benchmark],
                "shots": shots[model, values[0][0]],
                **_row_of(interval(every, config.confidence, config.seed)),
                "stderr": _stderr(values),
                **({f"clean_{name}": value for name, value in _row_of(clean).items()} if clean else {}),
            }
        )
    return pa.Table.from_pylist(rows, BENCHMARK_SCORE)


def _stderr(values: list[tuple[str, float, bool]]) -> float | None:
    """Of a mean over one task; over several, pooled by their sizes, as lm-eval does for a group. None of a single item."""
    parts: dict[str, list[float]] = defaultdict(list)
    for task, value, _ in values:
        parts[task].append(value)
    if min(map(len, parts.values())) < 2:
        return None
    spread = sum((len(part) - 1) * float(np.var(part, ddof=1)) for part in parts.values())
    return math.sqrt(spread / (len(values) - len(parts)) / len(values))


def _row_of(found: Interval) -> dict[str, Any]:
    given = {"score": found.mean, "low": found.low, "high": found.high, "items": found.items}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in given.items()}


def score_held_out(held_out_answers: ShardFolder, evaluate: EvaluateConfig, engine: EngineConfig) -> Plan:
    """Each scorer's mean, and the loss, of each task and model."""
    config = Sureness(confidence=evaluate.confidence, seed=evaluate.seed, metrics={}, mixed=True)
    item = Item("scores", (held_out_answers,), held_out_answers.rows)
    inputs = {"held_out_answers": held_out_answers.digest}
    return Plan("held_out", list_held_out_scores, (item,), config, VERSION, engine=engine, inputs=inputs)


def list_held_out_scores(answers: ShardFolder, config: Sureness) -> pa.Table:
    """Rows of schema HELD_OUT_SCORE, model by model and task by task."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of(answers, HELD_OUT_ANSWER):
        groups[row["model"], row["task"]].append(row)
    rows = []
    for (model, task), lines in groups.items():
        for place, (metric, found) in enumerate(_measured(lines, config)):
            rows.append({"model": model, "task": task, "metric": metric, "main": not place, **_row_of(found)})
    return pa.Table.from_pylist(rows, HELD_OUT_SCORE)


def _measured(lines: list[dict[str, Any]], config: Sureness) -> Iterable[tuple[str, Interval]]:
    """Scorers in their order, then the loss in its three units."""
    scores: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        for each in line["scores"]:
            scores[each["metric"]].append(each["score"])
    for metric, values in scores.items():
        yield metric, interval(values, config.confidence, config.seed)
    told = [line for line in lines if line["tokens"]]
    nats, tokens, size = ([line[name] for line in told] for name in ("loss", "tokens", "bytes"))
    loss = ratio_interval(nats, tokens, config.confidence, config.seed)
    yield "loss", loss
    yield "perplexity", Interval(perplexity(loss.mean), perplexity(loss.low), perplexity(loss.high), loss.items)
    yield "bits_per_byte", ratio_interval([each / math.log(2) for each in nats], size, config.confidence, config.seed)
