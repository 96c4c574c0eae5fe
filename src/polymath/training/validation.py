"""What a packed track is validated on: held-out sequences, each token known by its task or by its source."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from polymath.training.tracks import Track, evenly, item_of


class ValidationSet:
    """Map-style: sequences of a split, a fixed number for each task or source, evenly drawn."""

    def __init__(self, track: Track, split: str, each: int, by: Literal["task", "source"] = "task") -> None:
        """At most `each` sequences of each task, or that hold something of each source."""
        self.track, self._by = track, by
        every = track.of_split(split)
        held = [set(names) for names in track.sources_in(every)] if by == "source" else [{task} for task in track.tasks[every]]
        self.groups: list[str] = sorted(set().union(*held))
        """The names by whose numbers tokens are known."""
        chosen = [evenly(every[[name in names for names in held]], each) for name in self.groups]
        self._sequences = np.unique(np.concatenate(chosen)) if chosen else np.empty(0, np.int64)
        self._number = {name: number for number, name in enumerate(self.groups)}

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """As a training item, with the number of each token's task or source in `group` in place of the slot."""
        sequence = int(self._sequences[index])
        item = item_of(self.track.row(sequence))
        if self._by == "task":
            return {**item, "group": np.full(len(item["input_ids"]), self._number[self.track.tasks[sequence]])}
        spans = self.track.spans(sequence)
        return {**item, "group": np.repeat([self._number[source] for source, _ in spans], [size for _, size in spans])}
