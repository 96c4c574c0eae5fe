"""Prompts as a trainer reads them: item k is the prompt in slot k of the schedule, and what judges a reply to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from polymath.training.pairs import reply_start
from polymath.training.tracks import Slots, Track

CHECK = pa.schema(
    [
        ("check", pa.string()),  # how a program tells a right reply, by the recipe; null where none can
        ("expected", pa.string()),  # what it compares with
        ("wanted", pa.string()),  # the example's own reply
    ]
)
"""A row for each sequence of a track of prompts, in their order."""


class Prompts(Slots):
    """Map-style: the prompts of these sequences, in their order."""

    def __init__(self, track: Track, checks: pa.Table, sequences: np.ndarray, room: int) -> None:
        """`checks`: schema CHECK. `room`: tokens of a prompt at most; one that is longer loses its beginning."""
        super().__init__(track, sequences)
        self._checks, self._room = checks, room

    def __getitem__(self, slot: int) -> dict[str, Any]:
        """`prompt` (its ids), the slot's number, and the fields of CHECK."""
        sequence = int(self.sequences[slot])
        (facts,) = self._checks.slice(sequence, 1).to_pylist()
        return {"prompt": self.prompt(slot), "slot": slot, **facts}

    def prompt(self, slot: int) -> list[int]:
        """The ids before the last reply."""
        sequence = int(self.sequences[slot])
        row = self.track.pair(sequence)[0] if self.track.holds_pairs else self.track.row(sequence)
        ids: list[int] = row.ids[: reply_start(row)].tolist()
        return ids[-self._room :]
