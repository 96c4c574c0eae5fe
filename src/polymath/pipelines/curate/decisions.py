"""Decisions, row for row with the record shards: who is still in, and the first reason of those who are not."""

from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.errors import UserError
from polymath.records import DECISION
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard


def decide(before: pa.Table, removed: Mapping[str, np.ndarray], **measured: pa.Array) -> pa.Table:
    """The decision table after a step: `removed` maps each reason to bool[rows]; the first that holds counts.

    Rows that an earlier step removed keep their reason. `measured` are the step's own columns.
    """
    reason = before["reason"].cast(pa.string()).combine_chunks()
    kept = before["kept"].to_numpy().copy()
    for name, mask in removed.items():
        struck = kept & mask
        reason = pc.if_else(pa.array(struck), pa.scalar(name), reason)
        kept &= ~mask
    columns = {"kept": pa.array(kept), "reason": reason.dictionary_encode(), "task": before["task"].combine_chunks()}
    return pa.table({**columns, **measured})


def undecided(task: pa.ChunkedArray) -> pa.Table:
    """The table before the first step: everything is in."""
    rows = len(task)
    values = [pa.array(np.ones(rows, bool)), pa.nulls(rows, DECISION.field("reason").type), task.combine_chunks()]
    return pa.Table.from_arrays(values, names=DECISION.names)


def aligned(*folders: ShardFolder) -> None:
    """Refuse datasets that are not row for row the same: one of them was left by another run."""
    shapes = [[(shard.name, shard.rows) for shard in folder.shards] for folder in folders]
    if any(shape != shapes[0] for shape in shapes[1:]):
        raise _of_different_runs(folders)


def side_by_side(*folders: ShardFolder, by_name: bool = True) -> list[tuple[Shard, ...]]:
    """The shards of datasets that belong together, whatever their rows; refuses those that another run has left."""
    shapes = [[shard.name if by_name else "" for shard in folder.shards] for folder in folders]
    if any(shape != shapes[0] for shape in shapes[1:]):
        raise _of_different_runs(folders)
    return list(zip(*(folder.shards for folder in folders), strict=True))


def _of_different_runs(folders: Iterable[ShardFolder]) -> UserError:
    names = " and ".join(folder.path.name for folder in folders)
    return UserError(f"{names} come from different runs; run the whole pipeline: kedro run --pipeline=curate")
