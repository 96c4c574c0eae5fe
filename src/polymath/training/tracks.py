"""A track as a trainer reads it: item k is the sequence that stands in slot k of the schedule.

Packs and schedule are index tables over the flat ids; the ids are memory-mapped, so a rank holds no more than it looks at.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from polymath.errors import UserError, unknown
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

IGNORED = -100
"""The label of a token that no loss is computed on."""


class Row(NamedTuple):
    """One sequence: int64[tokens] each."""

    ids: np.ndarray
    labels: np.ndarray
    """The ids, and IGNORED where the loss mask is 0 and at each document's first token, which nothing before it foretells."""
    positions: np.ndarray
    """0, 1, 2, ... from the first token of each document: where it falls, attention must not look back."""


class TokenStore:
    """The ids and loss masks of all examples, memory-mapped shard by shard."""

    def __init__(self, tokens: ShardFolder) -> None:
        """Opens nothing yet."""
        self._shards = tokens.shards
        self._flat: dict[tuple[int, str], _Flat] = {}

    def piece(self, shard: int, example: int, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        """`length` ids (int64) from the `start`-th of an example on, and whether the loss counts on each (bool)."""
        return self._of(shard, "").piece(example, start, length)

    def pair(self, shard: int, example: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """The same of a preference: the whole of its better side, and of its worse one."""
        better, worse = (self._of(shard, side).whole(example) for side in ("", "rejected_"))
        return better, worse

    def _of(self, shard: int, side: str) -> _Flat:
        if (shard, side) not in self._flat:
            self._flat[shard, side] = _Flat.of(self._shards[shard], side)
        return self._flat[shard, side]

    def source(self, shard: int) -> str:
        """The source that a shard is of."""
        return self._shards[shard].name.rpartition("-")[0]

    def is_pair(self, shard: int, example: int) -> bool:
        """Whether an example has a rejected side."""
        valid: bool = self._shards[shard].read(["rejected_ids"])["rejected_ids"][example].is_valid
        return valid

    def names(self, shard: int, examples: Sequence[int]) -> list[str]:
        """The ids by which the examples are traced, e.g. `squad_v2/17#with_context`."""
        column = self._shards[shard].read(["id"])["id"]
        return [column[row].as_py() for row in examples]


@dataclass(frozen=True)
class _Flat:
    """One shard's lists as the buffers that they are."""

    starts: np.ndarray
    ids: np.ndarray
    loss: np.ndarray
    """uint8: eight tokens a byte, the lowest bit first."""
    first: int
    """Bits before the first token."""

    @classmethod
    def of(cls, shard: Shard, side: str) -> _Flat:
        table = shard.read([f"{side}ids", f"{side}loss"])
        ids, loss = (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks() for column in table.columns)
        bits = loss.values
        packed = np.frombuffer(bits.buffers()[1], np.uint8)
        return cls(ids.offsets.to_numpy(), ids.values.to_numpy(zero_copy_only=True), packed, bits.offset)

    def whole(self, example: int) -> tuple[np.ndarray, np.ndarray]:
        return self.piece(example, 0, int(self.starts[example + 1] - self.starts[example]))

    def piece(self, example: int, start: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        begin = int(self.starts[example]) + start
        bit = self.first + begin
        packed = self.loss[bit // 8 : (bit + length + 7) // 8]
        loss = np.unpackbits(packed, bitorder="little")[bit % 8 : bit % 8 + length].astype(bool)
        return self.ids[begin : begin + length].astype(np.int64), loss


class Track:
    """The sequences of a track, and the order in which training sees them."""

    def __init__(self, tokens: ShardFolder, sequences: ShardFolder, schedule: ShardFolder, name: str, begins: int = 0) -> None:
        """A UserError when there is no such track, or nothing in it to train on. `begins`: batches to leave out before."""
        self.name = name
        self.store = TokenStore(tokens)
        self._sequences = _track_shard(sequences, name).read()
        shard = _track_shard(schedule, name)
        self.batch: int = shard.entry.note["batch"]
        """Sequences in a global batch."""
        self.order = shard.read(["sequence"])["sequence"].to_numpy()[begins * self.batch :]
        """int64[slots]: the sequence in each slot, batch by batch."""
        self.steps: int = shard.entry.note["steps"] - begins
        if begins and self.steps <= 0:
            raise UserError(
                f"train.track: the runs before this one take all {shard.entry.note['steps']:,} batches of {name!r}; give them "
                f"fewer steps, name another track, or raise mix.tracks.{name}.budget_tokens"
            )
        if not self.steps:
            raise UserError(
                f"train.track: {name!r} has less than one batch of {self.batch} sequences to train on; "
                f"add sources, or lower mix.tracks.{name}.batch_sequences"
            )
        self.sequence_tokens: int = shard.entry.note["sequence_tokens"]
        self._pieces = _Pieces.of(self._sequences["pieces"])

    @functools.cached_property
    def tasks(self) -> np.ndarray:
        """The task of each sequence: object[sequences]."""
        return self._sequences["task"].cast(pa.string()).to_numpy(zero_copy_only=False)

    @functools.cached_property
    def sizes(self) -> np.ndarray:
        """Tokens of each sequence: int32[sequences]."""
        return self._sequences["tokens"].to_numpy()

    def sources(self, sequences: np.ndarray) -> list[str]:
        """The sources that these sequences draw on, by name."""
        shards = np.unique(np.concatenate([self._pieces.shards_of(int(each)) for each in sequences]))
        return sorted({self.store.source(int(shard)) for shard in shards})

    @functools.cached_property
    def holds_pairs(self) -> bool:
        """Whether its examples are pairs of replies."""
        if not len(self._sequences):
            return False
        shard, example, *_ = self._pieces.of_sequence(0)[0]
        return self.store.is_pair(shard, example)

    @functools.cached_property
    def passes(self) -> float:
        """How often the schedule draws a training sequence, on average."""
        return len(self.order) / max(len(np.unique(self.order)), 1)

    def of_split(self, split: str) -> np.ndarray:
        """The sequences of a split: int64, ascending."""
        return np.flatnonzero(self._sequences["split"].cast(pa.string()).to_numpy(zero_copy_only=False) == split)

    def row(self, sequence: int) -> Row:
        """One sequence, document after document."""
        parts = [self._document(*piece) for piece in self._pieces.of_sequence(sequence)]
        return Row(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def examples(self, sequence: int) -> list[str]:
        """The ids of the examples in a sequence, in reading order."""
        pieces = self._pieces.of_sequence(sequence)
        return [name for shard, example, *_ in pieces for name in self.store.names(shard, [example])]

    def pair(self, sequence: int) -> tuple[Row, Row]:
        """A sequence of a track of pairs: the better side, and the worse one."""
        shard, example, *_ = self._pieces.of_sequence(sequence)[0]
        better, worse = (_row(*side) for side in self.store.pair(shard, example))
        return better, worse

    def source_of(self, sequence: int) -> str:
        """The source of a sequence's first document."""
        return self.spans(sequence)[0][0]

    def spans(self, sequence: int) -> list[tuple[str, int]]:
        """The source and the tokens of each document of a sequence."""
        return [(self.store.source(shard), length) for shard, _, _, length in self._pieces.of_sequence(sequence)]

    def sources_in(self, sequences: np.ndarray) -> list[list[str]]:
        """The sources that each of these sequences draws on."""
        return [[self.store.source(shard) for shard in np.unique(self._pieces.shards_of(int(each)))] for each in sequences]

    def _document(self, shard: int, example: int, start: int, length: int) -> Row:
        return _row(*self.store.piece(shard, example, start, length))


def _row(ids: np.ndarray, loss: np.ndarray) -> Row:
    """One document."""
    labels = np.where(loss, ids, IGNORED)
    labels[0] = IGNORED
    return Row(ids, labels, np.arange(len(ids)))


@dataclass(frozen=True)
class _Pieces:
    """The pieces of all sequences, one sequence after another."""

    starts: np.ndarray
    columns: np.ndarray
    """int32[4, pieces]: shard, example, start, length."""

    @classmethod
    def of(cls, lists: pa.ChunkedArray) -> _Pieces:
        whole = lists.combine_chunks() if lists.num_chunks != 1 else lists.chunk(0)
        pieces = whole.flatten()
        columns = [pieces.field(name).to_numpy() for name in ("shard", "example", "start", "length")]
        starts = whole.offsets.to_numpy()
        return cls(starts - starts[0], np.stack(columns))

    def shards_of(self, sequence: int) -> np.ndarray:
        return self.columns[0, self.starts[sequence] : self.starts[sequence + 1]]

    def of_sequence(self, sequence: int) -> list[list[int]]:
        return self.columns[:, self.starts[sequence] : self.starts[sequence + 1]].T.tolist()


class Slots:
    """Sequences of a track, in the order in which they are read: slot k holds the k-th."""

    def __init__(self, track: Track, sequences: np.ndarray) -> None:
        """`sequences`: int64[slots]."""
        self.track, self.sequences = track, sequences

    def __len__(self) -> int:
        return len(self.sequences)

    def source(self, slot: int) -> str:
        """The source of the first document in a slot."""
        return self.track.source_of(int(self.sequences[slot]))

    def examples(self, slots: Sequence[int]) -> list[str]:
        """The ids of all examples that stand in these slots."""
        return [name for slot in slots for name in self.track.examples(int(self.sequences[slot]))]


class TrainingSet(Slots):
    """Map-style: item k is slot k of the schedule, so a sampler that counts upwards replays it exactly."""

    def __init__(self, track: Track, steps: int) -> None:
        """The first `steps` global batches."""
        super().__init__(track, track.order[: steps * track.batch])

    def __getitem__(self, slot: int) -> dict[str, Any]:
        """`input_ids`, `labels`, `position_ids` (int64[tokens]) and the slot's number."""
        return {**item_of(self.track.row(int(self.sequences[slot]))), "slot": slot}


def item_of(row: Row) -> dict[str, Any]:
    """A sequence in transformers' words."""
    return {"input_ids": row.ids, "labels": row.labels, "position_ids": row.positions}


def evenly(rows: np.ndarray, wanted: int) -> np.ndarray:
    """At most so many of these rows, at even distances, the first and the last among them."""
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(wanted, len(rows))).round().astype(np.int64))]


def _track_shard(folder: ShardFolder, name: str) -> Shard:
    found = next((shard for shard in folder.shards if shard.name == name), None)
    if found is None:
        raise unknown("train.track", name, "track of this mix", [shard.name for shard in folder.shards])
    return found
