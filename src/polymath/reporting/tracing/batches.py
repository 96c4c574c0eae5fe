"""The examples of one global batch of a training run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table
from rich.text import Text

from polymath.errors import UserError
from polymath.reporting.card.words import amount, count, plural
from polymath.reporting.compare.tell_compare import plain_console
from polymath.reporting.trace import Load
from polymath.reporting.tracing.runs import check_mix, track_shard
from polymath.training.trained import Trained

if TYPE_CHECKING:
    from polymath.project import Project


@dataclass(frozen=True)
class Slot:
    """A sequence in a batch."""

    slot: int
    task: str
    tokens: int
    examples: list[str]
    """Ids, in reading order."""


def batch_of(load: Load, run: Trained, step: int) -> list[Slot]:
    """What stood in the run's batch of a step (from 1 on), slot by slot."""
    if not 1 <= step <= run.job.run.steps:
        raise UserError(f"trace --step: {step} is not a step of {run.name}, which has steps 1 to {run.job.run.steps:,}")
    check_mix(load, run, f"what stood in step {step}")
    schedule, sequences = (track_shard(load(name), run.job.run.train.track) for name in ("schedule", "sequences"))
    batch, last = schedule.entry.note["batch"], run.job.run.begins + step
    drawn = schedule.take(range((last - 1) * batch, last * batch), ["sequence"])["sequence"].to_numpy()
    rows, place = np.unique(drawn, return_inverse=True)  # rows of a file are read in ascending order
    read = sequences.take(rows.tolist(), ["task", "tokens", "pieces"]).to_pylist()
    names = _example_ids(load, [piece for row in read for piece in row["pieces"]])
    slots = []
    for slot, row in enumerate(read[number] for number in place):
        ids = list(dict.fromkeys(names[piece["shard"], piece["example"]] for piece in row["pieces"]))
        slots.append(Slot(slot, row["task"], row["tokens"], ids))
    return slots


def _example_ids(load: Load, pieces: list[dict[str, int]]) -> dict[tuple[int, int], str]:
    """The ids of examples by token shard and row."""
    rows: defaultdict[int, set[int]] = defaultdict(set)
    for piece in pieces:
        rows[piece["shard"]].add(piece["example"])
    found: dict[tuple[int, int], str] = {}
    shards = load("tokens").shards
    for shard, mine in sorted(rows.items()):
        ids = shards[shard].take(sorted(mine), ["id"])["id"].to_pylist()
        found |= {(shard, row): name for row, name in zip(sorted(mine), ids, strict=True)}
    return found


def tell_batch(project: Project, run: Trained, step: int, limit: int) -> None:
    """A step of a run: its loss, and the examples of its batch."""
    slots = batch_of(project.load, run, step)
    console = plain_console()
    console.print(Text.assemble((f"step {step:,}", "bold"), f" of {run.job.run.steps:,}  {run.name}, {_logged(run, step)}"))
    table = Table(box=None, pad_edge=False)
    for heading in ("slot", "task", "tokens", "examples"):
        is_number = heading in ("slot", "tokens")
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold", no_wrap=heading != "examples")
    for slot in slots[:limit]:
        table.add_row(str(slot.slot), slot.task, count(slot.tokens), Text(" ".join(slot.examples)))
    console.print(table)
    if len(slots) > limit:
        console.print(f"and {plural(len(slots) - limit, 'more slot')} (--limit)")
    console.print("[dim]kedro trace EXAMPLE tells the story of its record[/dim]")


def _logged(run: Trained, step: int) -> str:
    """What the run logged of a step."""
    line = next((line for line in run.log() if line["step"] == step and "loss" in line), None)
    if line is None:
        return "which it has not come to"
    facts = {"loss": line["loss"], "learning rate": line.get("learning_rate"), "gradient norm": line.get("grad_norm")}
    return ", ".join(f"{name} {amount(value)}" for name, value in facts.items() if value is not None)
