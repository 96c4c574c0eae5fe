"""Samples that depend on the data alone: rows are drawn by a hash of their shard's name and number, never by a clock."""

from dataclasses import dataclass

import numpy as np
import xxhash


@dataclass(frozen=True, order=True)
class Row:
    """A row that was drawn."""

    rank: float
    """What it was drawn by; the smallest come first."""
    shard: int
    row: int


def luck(shard: str, rows: int) -> np.ndarray:
    """A number in [0, 1) for each row of a shard, float64[rows]; another source beside it changes none of them."""
    mixed = (np.arange(rows, dtype=np.uint64) + np.uint64(xxhash.xxh3_64_intdigest(shard.encode()))) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53


class Draw:
    """The `size` rows of smallest rank for each label, found while shards go by; it holds no more than it will give."""

    def __init__(self, size: int) -> None:
        """`size`: rows for each label."""
        self.size = size
        self._found: dict[str, list[Row]] = {}

    def offer(self, shard: int, labels: np.ndarray, rows: np.ndarray, rank: np.ndarray) -> None:
        """`labels` (of strings), row numbers and ranks of the rows of one shard that may be drawn."""
        for label in np.unique(labels.astype(str)):
            mine = np.flatnonzero(labels == label)
            if len(mine) > self.size:
                mine = mine[np.argpartition(rank[mine], self.size - 1)[: self.size]] if self.size else mine[:0]
            new = [Row(float(rank[i]), shard, int(rows[i])) for i in mine]
            self._found[str(label)] = sorted([*self._found.get(str(label), []), *new])[: self.size]

    def drawn(self, label: str) -> list[Row]:
        """The rows of one label, the smallest rank first."""
        return self._found.get(label, [])

    @property
    def labels(self) -> list[str]:
        """All labels that were offered, sorted."""
        return sorted(self._found)
