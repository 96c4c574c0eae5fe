"""From a score to the model that has it, the mix that the model was trained on, and the sources of the mix."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table
from rich.text import Text

from polymath.errors import UserError, choices
from polymath.reporting.card.words import amount, count, plural, share
from polymath.reporting.compare.tell_compare import plain_console
from polymath.reporting.trace import Load
from polymath.reporting.tracing.runs import changed_datasets, digests_here, last_step, track_shard
from polymath.tracking.models import curated_by
from polymath.tracking.record import RunRecord, read_records
from polymath.training.config import RunConfig, Start
from polymath.training.trained import Trained

if TYPE_CHECKING:
    from polymath.project import Project

DIGITS = 12
"""Of a digest, as they are shown."""


@dataclass(frozen=True)
class Share:
    """A source's part in what a run was trained on."""

    source: str
    licence: str
    tokens: int
    """That the run saw of it, each as often as it saw it; 0 where the mix is not here any more."""


def scores_of(rows: Iterable[dict[str, Any]], run: Trained, benchmark: str) -> list[dict[str, Any]]:
    """What the run's model and its checkpoints scored in a benchmark, or in a part of one (rows of schema BENCHMARK_SCORE).

    A UserError where there is no score of it.
    """
    name = run.name
    mine = [row for row in rows if row["model"] == name or row["model"].startswith(f"{name} ")]
    found = [row for row in mine if row["task"] == benchmark and row["main"]]
    if not found:
        known = {row["task"] for row in mine}
        raise UserError(
            f"trace --benchmark: {name} has no score of {benchmark!r}; {choices(benchmark, known)}; "
            f"to score it: {_scoring(run, benchmark)}"
        )
    return found


def scores_between(run: Trained) -> list[dict[str, Any]]:
    """What the run's checkpoints scored while it went on, as rows of an evaluation; of each benchmark as a whole."""
    unknown = {"main": True, "shots": None, "clean_items": None}
    return [
        {"model": f"{run.name} checkpoint-{line['step']}", "task": name, **unknown, **found}
        for line in run.log()
        for name, found in line.get("scores", {}).items()
    ]


def _scoring(run: Trained, benchmark: str) -> str:
    return f"kedro run --pipeline=evaluate --params='evaluate.model={run.model},evaluate.suite={benchmark}'"


def shares_of(load: Load, run: Trained) -> list[Share]:
    """What the run saw of each source up to its last step, the most first."""
    config, last = run.job.run, last_step(run)
    schedule, sequences = (track_shard(load(name), config.train.track) for name in ("schedule", "sequences"))
    batch, before = schedule.entry.note["batch"], config.begins
    drawn = schedule.read(["sequence"])["sequence"].to_numpy()[before * batch : (before + last) * batch]
    times = np.bincount(drawn, minlength=sequences.rows)
    lists = sequences.read(["pieces"])["pieces"].combine_chunks()
    sizes = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    pieces = lists.flatten()
    weights = np.repeat(times, sizes) * pieces.field("length").to_numpy()
    by_shard = np.bincount(pieces.field("shard").to_numpy(), weights)
    tokens = Counter[str]()
    for shard, seen in zip(load("tokens").shards, by_shard.tolist(), strict=False):
        tokens[shard.name.rpartition("-")[0]] += int(seen)
    return [Share(name, config.mix.licences.get(name, "not stated"), seen) for name, seen in tokens.most_common() if seen]


def origin(start: Start) -> str:
    """The model that training started from."""
    if start.kind == "fresh":
        return f"fresh, in the shape {start.name} ({count(start.anatomy.parameters)} parameters)"
    made_by = f", made by the training run {start.made_by[:DIGITS]}" if start.made_by else ""
    revision = f" at {start.revision}" if start.revision else ""
    return f"{start.place}{revision}{made_by}"


def tell_score(project: Project, run: Trained, benchmark: str) -> None:
    """A score, and all that lies behind it."""
    rows = scores_between(run)
    if project.catalog.exists("benchmark_scores"):
        rows += project.load("benchmark_scores").read().to_pylist()
    if not rows:
        raise UserError(f"trace --benchmark: no model has been scored here; to do it: {_scoring(run, benchmark)}")
    found = scores_of(rows, run, benchmark)
    console = plain_console()
    _tell_scores(console, benchmark, found, project.parameters("evaluate").overlap_words)
    config = run.job.run
    changed = changed_datasets(digests_here(project.load), config)
    facts = {
        "model": f"{os.path.relpath(run.model, project.path)}, step {last_step(run):,} of {config.steps:,}",
        "key": config.key,
        "from": origin(config.start),
        "track": config.train.track,
        "mix": ", ".join(f"{name} {digest[:DIGITS]}" for name, digest in config.mix.digests.items()),
        "made by": _maker(read_records(project.path), config),
        "it is": f"not here any more: {', '.join(changed)} changed since" if changed else "the mix that stands here",
        "tasks": ", ".join(f"{task} {share(part)}" for task, part in config.mix.composition.items()),
    }
    console.print()
    for name, told in facts.items():
        console.print(Text.assemble((f"{name:<8}", "dim"), told), soft_wrap=True)
    licences = [Share(name, licence, 0) for name, licence in sorted(config.mix.licences.items())]
    _tell_sources(console, licences if changed else shares_of(project.load, run))
    console.print(f"\n[dim]kedro trace --benchmark {benchmark} lists the records that hold words of its items[/dim]")


def _maker(records: Sequence[RunRecord], config: RunConfig) -> str:
    maker = curated_by(records, config.mix.digests)
    return f"{maker.id} ({maker.name}): {maker.command}" if maker else "a run that left no record here"


def _tell_scores(console: Console, benchmark: str, rows: list[dict[str, Any]], overlap_words: int) -> None:
    """Two lines a model: the score, and how much of it may be memory."""
    for row in rows:
        bounds = f"{amount(row['score'])} ({amount(row['low'])} to {amount(row['high'])})"
        told = f" {row['metric']} {bounds} on {plural(row['items'], 'item')}"
        told += f", {row['shots']} examples before each" if row["shots"] is not None else ", while it was trained"
        console.print(Text.assemble((benchmark, "bold"), told, (f"  {row['model']}", "dim")), soft_wrap=True)
        if row["shots"] is None:
            continue
        if row["clean_items"] is None:
            console.print("  there was no mix to compare its items with")
            continue
        shared = row["items"] - row["clean_items"]
        clean = f"; without them {amount(row['clean_score'])}" if shared and row["clean_items"] else ""
        console.print(f"  {count(shared)} of them share {overlap_words} words in a row with the mix{clean}")


def _tell_sources(console: Console, shares: list[Share]) -> None:
    total = sum(each.tokens for each in shares)
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "licence", "tokens seen", "share"):
        table.add_column(heading, justify="left" if heading in ("source", "licence") else "right")
    for each in shares:
        numbers = (count(each.tokens), share(each.tokens, total)) if total else ("", "")
        table.add_row(Text(each.source), Text(each.licence), *numbers)
    console.print()
    console.print(table)
