"""Batches of tensors from a track's sequences: packed, packed again into narrow rows, or document by document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from polymath.training.tracks import IGNORED

if TYPE_CHECKING:
    import torch

Rows = Literal["packed", "flat", "narrow", "documents"]
"""packed: as curate packed them. flat: the whole micro-batch in one row, since flash attention, as transformers has it, looks
for documents only where a batch is one row. narrow: no wider than the longest document of the micro-batch, since attention
costs the square of a row's width where no kernel skips what documents do not see. documents: one a row, for models whose
attention would look across."""
MULTIPLE = 8
"""Lengths are padded to a multiple of this, so that kernels meet few different shapes."""
FIELDS = ("input_ids", "labels", "position_ids", "group")
"""Of each token; `group`, its task or source, is known in validation alone."""


class Collator:
    """Rows of a micro-batch as tensors; padding stands at the end of a row, as a document without labels."""

    def __init__(self, pad: int, rows: Rows, length: int | None = None) -> None:
        """`length`: tokens of every row, for compiled models; else that of the longest row, padded a little."""
        self._pad, self.rows, self._length = pad, rows, length

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        """int64[rows, tokens]: `input_ids`, `labels`, but for documents `position_ids`, and in validation `group`; in training
        int64[items]: `slot`; and the number of `tokens` that are no padding."""
        import torch

        rows = self._arranged(items)
        longest = max(len(row["input_ids"]) for row in rows)
        width = self._length or -(-longest // MULTIPLE) * MULTIPLE
        batch = {
            "input_ids": _padded([row["input_ids"] for row in rows], width, self._pad),
            "labels": _padded([row["labels"] for row in rows], width, IGNORED),
            "tokens": np.array(sum(len(row["input_ids"]) for row in rows)),
        }
        if self.rows != "documents":
            batch["position_ids"] = np.stack([_positions(row["position_ids"], width) for row in rows])
        if "slot" in items[0]:
            batch["slot"] = np.array([item["slot"] for item in items])
        if "group" in items[0]:
            batch["group"] = _padded([row["group"] for row in rows], width, 0)
        return {name: torch.from_numpy(values) for name, values in batch.items()}

    def _arranged(self, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        if self.rows == "packed":
            return list(items)
        if self.rows == "flat":
            return [_joined(items)]
        apart = [list(documents(item)) for item in items]
        if self.rows == "documents":
            return [document for every in apart for document in every]
        width = max(len(document["input_ids"]) for every in apart for document in every)
        return [row for every in apart for row in narrowed(every, width)]


def documents(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The documents of a sequence, each as a row."""
    begins = np.flatnonzero(item["position_ids"] == 0)
    for begin, end in zip(begins, [*begins[1:], len(item["position_ids"])], strict=True):
        yield {**item, **{name: item[name][begin:end] for name in FIELDS if name in item}}


def narrowed(every: Sequence[dict[str, Any]], width: int) -> list[dict[str, Any]]:
    """Documents in as few rows of `width` tokens as first-fit decreasing finds; none is longer."""
    rows: list[list[dict[str, Any]]] = []
    room: list[int] = []
    for document in sorted(every, key=lambda each: -len(each["input_ids"])):
        size = len(document["input_ids"])
        place = next((number for number, left in enumerate(room) if left >= size), len(rows))
        if place == len(rows):
            rows.append([])
            room.append(width)
        rows[place].append(document)
        room[place] -= size
    return [_joined(row) for row in rows]


def _joined(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Several as one row."""
    return {name: np.concatenate([each[name] for each in parts]) for name in FIELDS if name in parts[0]}


def _padded(rows: Sequence[np.ndarray], width: int, value: int) -> np.ndarray:
    made = np.full((len(rows), width), value, np.int64)
    for index, row in enumerate(rows):
        made[index, : len(row)] = row
    return made


def _positions(row: np.ndarray, width: int) -> np.ndarray:
    return np.concatenate([row, np.arange(width - len(row))])
