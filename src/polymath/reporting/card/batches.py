"""Part 6: what a batch looks like, from the first to the last."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card.charts import spread
from polymath.reporting.card.colours import in_order
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard


@dataclass(frozen=True)
class Batches:
    """The schedule of one track."""

    track: str
    steps: int
    batch: int
    """Sequences in a batch."""
    shown: list[int]
    """The steps that the strip shows."""
    tasks: list[str]
    counts: list[list[int]]
    """Sequences of each task (a list each) in each shown batch."""
    quotas: list[float]
    """Sequences of each task that an exactly even batch would have."""
    promises: dict[str, Any]
    """What the schedule says of itself: see `pack.schedule_track`."""
    correlated_share: float
    """Wanted share of correlated pairs."""


def draw_batches(sequences: ShardFolder, schedule: ShardFolder, tracks: dict[str, TrackConfig], most: int) -> list[Batches]:
    """Each track's strip; a track without a batch has none."""
    pairs = zip(sequences.shards, schedule.shards, strict=True)
    return [strip(packed, scheduled, tracks[packed.name], most) for packed, scheduled in pairs if scheduled.rows]


def strip(sequences: Shard, schedule: Shard, track: TrackConfig, most: int) -> Batches:
    """At most `most` batches, evenly from the whole schedule; quotas are those of the whole."""
    tasks = sequences.read(["task"])["task"].cast(pa.string())
    table = schedule.read(["step", "sequence"])
    drawn = tasks.take(table["sequence"]).to_numpy()
    note = schedule.entry.note
    steps = note["steps"]
    shown = spread(steps, most)
    names = in_order(set(drawn))
    of_task = {name: drawn == name for name in names}
    step = table["step"].to_numpy()
    column = np.full(steps, -1)
    column[shown] = np.arange(len(shown))
    counts = [np.bincount(column[step[mask & (column[step] >= 0)]], minlength=len(shown)).tolist() for mask in of_task.values()]
    quotas = [float(mask.mean()) * track.batch_sequences for mask in of_task.values()]
    return Batches(sequences.name, steps, note["batch"], shown.tolist(), names, counts, quotas, note, track.correlated_share)


def without_a_batch(schedule: ShardFolder) -> list[str]:
    """Tracks that have too little for even one batch."""
    return [shard.name for shard in schedule.shards if not shard.rows]
