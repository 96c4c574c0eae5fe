"""Samples that depend on the data alone: rows are drawn by a hash of their shard's name and number, never by a clock."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
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
    seed = np.uint64(xxhash.xxh3_64_intdigest(shard.encode()))
    mixed = (np.arange(rows, dtype=np.uint64) + seed) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**53


def by_value(column: pa.ChunkedArray | pa.Array) -> Iterator[tuple[str, np.ndarray]]:
    """Each text of a column and the rows where it stands, in the order of the texts; a null is an empty text."""
    codes = pc.fill_null(column.cast(pa.string()), "").dictionary_encode()
    codes = codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes
    indices = codes.indices.to_numpy(zero_copy_only=False)
    for name, code in sorted((name, code) for code, name in enumerate(codes.dictionary.to_pylist())):
        yield name, np.flatnonzero(indices == code)


class Draw:
    """The `size` rows of smallest rank for each label, found while shards go by; it holds no more than it will give."""

    def __init__(self, size: int) -> None:
        """`size`: rows for each label."""
        self.size = size
        self._found: dict[str, list[Row]] = {}

    def offer(self, label: str, shard: int, rows: np.ndarray, rank: np.ndarray) -> None:
        """Rows of one shard that may be drawn, int64[n], and what they are drawn by, float64[n]."""
        if not self.size or not len(rows):
            return
        best = np.argpartition(rank, self.size - 1)[: self.size] if len(rank) > self.size else range(len(rank))
        new = [Row(float(rank[i]), shard, int(rows[i])) for i in best]
        self._found[label] = sorted([*self._found.get(label, []), *new])[: self.size]

    def drawn(self, label: str) -> list[Row]:
        """The rows of one label, the smallest rank first."""
        return self._found.get(label, [])

    def in_turn(self, most: int) -> list[Row]:
        """The first row of each label, then the second of each, until there are `most`; labels in the order of their luck."""
        lists = sorted(self._found.values())
        longest = max((len(rows) for rows in lists), default=0)
        return [rows[place] for place in range(longest) for rows in lists if place < len(rows)][:most]

    @property
    def labels(self) -> list[str]:
        """All labels that were offered, sorted."""
        return sorted(self._found)
