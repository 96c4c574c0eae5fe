"""Held-out pairs after they were judged: what a reward model gave both replies, and what that says of the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FOLDER = "judged"
BINS = 10
"""Of the reliability curve: equally wide, from one half to certainty."""


@dataclass(frozen=True)
class Judged:
    """One entry a pair."""

    names: list[str]
    """By which the examples are traced."""
    sources: list[str]
    better: np.ndarray
    """float64: the reward of the reply that is said to be better."""
    worse: np.ndarray
    better_tokens: np.ndarray
    """int64: of the reply alone."""
    worse_tokens: np.ndarray

    @classmethod
    def of(cls, rows: list[tuple[str, str, float, float, int, int]]) -> Judged:
        """From a row for each pair, in the order of the fields."""
        better, worse = (np.array([row[place] for row in rows], np.float64) for place in (2, 3))
        tokens = (np.array([row[place] for row in rows], np.int64) for place in (4, 5))
        return cls([row[0] for row in rows], [row[1] for row in rows], better, worse, *tokens)

    @classmethod
    def read(cls, folder: Path, step: int) -> Judged | None:
        """What was judged at a step of the run in `folder`; None where nothing was."""
        path = _file(folder, step)
        return cls.of(json.loads(path.read_text("utf-8"))) if path.exists() else None

    def write(self, folder: Path, step: int) -> None:
        """Aside first: a file that has its name is whole."""
        path = _file(folder, step)
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        columns = [
            self.names,
            self.sources,
            *(array.tolist() for array in vars(self).values() if isinstance(array, np.ndarray)),
        ]
        temporary.write_text(json.dumps(list(zip(*columns, strict=True))), "utf-8")
        temporary.replace(path)

    @property
    def margins(self) -> np.ndarray:
        """float64: by how much the better reply's reward exceeds the worse one's."""
        return self.better - self.worse

    @property
    def right(self) -> np.ndarray:
        """float64: 1 where the better reply has the higher reward, else 0; a tie is no preference."""
        return (self.margins > 0).astype(np.float64)

    def by_source(self) -> Iterator[tuple[str, np.ndarray]]:
        """Each source with its pairs: bool[pairs]."""
        every = np.array(self.sources, object)
        return ((source, every == source) for source in sorted(set(self.sources)))

    def reliability(self) -> list[tuple[float, np.ndarray]]:
        """How sure the model was (mean over the pairs of a bin), and `right` of those pairs, from the least sure on.

        Sure is the sigmoid of the margin without its sign: the probability that Bradley and Terry's model gives its choice.
        """
        sure = 1 / (1 + np.exp(-np.abs(self.margins)))
        place = np.minimum(((sure - 0.5) * 2 * BINS).astype(np.int64), BINS - 1)
        return [(float(sure[place == bin_].mean()), self.right[place == bin_]) for bin_ in range(BINS) if (place == bin_).any()]

    def calibration_error(self) -> float:
        """How far sureness and accuracy are apart, mean over the pairs (expected calibration error, Guo 2017, 1706.04599)."""
        return sum(len(right) * abs(sure - float(right.mean())) for sure, right in self.reliability()) / len(self.names)

    def length_correlation(self) -> float:
        """Pearson's, of a reply's reward with its tokens; NaN where either is the same for all."""
        rewards, tokens = np.r_[self.better, self.worse], np.r_[self.better_tokens, self.worse_tokens]
        if np.ptp(rewards) == 0 or np.ptp(tokens) == 0:
            return float("nan")
        return float(np.corrcoef(rewards, tokens)[0, 1])

    def measures(self) -> dict[str, float]:
        """The numbers that a run keeps of each validation; those that its pairs say nothing of are left out."""
        if not self.names:
            return {}
        shorter, longer = self.better_tokens < self.worse_tokens, self.better_tokens > self.worse_tokens
        parts = {"accuracy": np.ones(len(self.names), bool), "accuracy_shorter": shorter, "accuracy_longer": longer}
        parts |= {f"accuracy {source}": own for source, own in self.by_source()}
        found = {name: float(self.right[part].mean()) for name, part in parts.items() if part.any()}
        found |= {"margin": float(self.margins.mean()), "calibration_error": self.calibration_error()}
        correlation = self.length_correlation()
        return found if np.isnan(correlation) else {**found, "length_correlation": correlation}


def _file(folder: Path, step: int) -> Path:
    return folder / FOLDER / f"{step}.json"
