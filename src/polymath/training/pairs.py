"""Preference pairs as a trainer reads them: item k is the pair that stands in slot k of the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from polymath.training.tracks import IGNORED, Row, Slots, Track, evenly

if TYPE_CHECKING:
    import torch


class Pairs(Slots):
    """Map-style: the pairs of these sequences, in their order."""

    def __getitem__(self, slot: int) -> dict[str, Any]:
        """`prompt_ids`, `chosen_ids`, `rejected_ids` as TRL calls them, and the slot's number."""
        better, worse = self.track.pair(int(self.sequences[slot]))
        start = reply_start(better)
        sides = {"chosen_ids": better.ids[start:].tolist(), "rejected_ids": worse.ids[start:].tolist()}
        return {"prompt_ids": better.ids[:start].tolist(), **sides, "slot": slot}


class PairCollator:
    """TRL's rows of a micro-batch (the better sides, then the worse ones), with the slots of the schedule."""

    def __init__(self, pad: int) -> None:
        """`pad`: the padding token."""
        from trl.trainer.dpo_trainer import DataCollatorForPreference

        self._collate = DataCollatorForPreference(pad_token_id=pad)

    def __call__(self, items: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """int64[2 x pairs, tokens]: `input_ids`, `attention_mask`, `completion_mask`; int64[pairs]: `slot`."""
        import torch

        rows: dict[str, torch.Tensor] = self._collate(items)
        return {**rows, "slot": torch.tensor([item["slot"] for item in items])}


def reply_start(row: Row) -> int:
    """Where the last stretch of trained tokens begins: what stands before it is the prompt."""
    return int(np.flatnonzero(row.labels == IGNORED)[-1]) + 1


def held_out(track: Track, per_source: int) -> np.ndarray:
    """Validation sequences, int64: at most `per_source` of each source, evenly drawn, source after source."""
    every = track.of_split("validation")
    sources = np.array([track.source_of(int(sequence)) for sequence in every], object)
    chosen = [evenly(every[sources == source], per_source) for source in sorted(set(sources.tolist()))]
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)
