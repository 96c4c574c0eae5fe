"""Rows of earlier tables: where those are that a rerun needs, and copies of them."""

import contextlib
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from polymath.errors import UserError
from polymath.store.shards import Shard

SHORT_RUN = 4
"""Rows: where runs are shorter on average, a row at a time is faster."""


def read_sound(shards: Iterable[Shard], columns: Sequence[str]) -> list[pa.Table]:
    """What can be read of earlier shards: what is damaged, or was just replaced by another worker, is made again instead."""
    found = []
    for shard in shards:
        with contextlib.suppress(UserError):
            found.append(shard.read(columns))
    return found


def find_rows(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """For each wanted key a place where it stands among the known ones, -1 where it does not: int64[wanted]."""
    if not len(known):
        return np.full(len(wanted), -1)
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)
    return np.where(known[order[at]] == wanted, order[at], -1)


def pick_rows(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Some rows, in the order given. Neighbours are copied together: `take` copies long lists value by value."""
    starts = np.flatnonzero(np.diff(rows, prepend=-2) != 1)
    if len(starts) * SHORT_RUN > len(rows) or not len(rows):
        return table.take(pa.array(rows, pa.int64())).combine_chunks()
    bounds = zip(rows[starts].tolist(), np.diff(starts, append=len(rows)).tolist(), strict=True)
    return pa.concat_tables([table.slice(first, size) for first, size in bounds]).combine_chunks()
