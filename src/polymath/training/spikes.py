"""Loss spikes: steps whose loss stands far above those just before them, found while the run goes on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from pydantic import Field

from polymath.config import Config

GAUSSIAN = 1.4826
"""Times the median absolute deviation: the standard deviation, were the losses Gaussian."""


class SpikeConfig(Config):
    """What counts as a spike: how far above the median of the steps before a loss must lie (Iglewicz and Hoaglin 1993).

    Of 10,000 steps of Gaussian noise the defaults report 0.2 (tried by sampling).
    """

    window: int = Field(32, ge=8)
    """Steps before, whose losses a step's is held against; while there is only half of them, nothing is a spike."""
    deviations: float = Field(6.0, gt=0)
    """Standard deviations above their median, as their median absolute deviation tells it."""
    least: float = Field(0.1, ge=0)
    """And so much above it: losses that hardly move make any deviation a large one."""


class Watch:
    """Sees the losses step by step."""

    def __init__(self, config: SpikeConfig, log: Iterable[Mapping[str, Any]] = ()) -> None:
        """`log`: the lines of the steps that were trained before."""
        self._config = config
        self._before: deque[float] = deque((line["loss"] for line in log if "loss" in line), config.window)

    def sees(self, loss: float) -> dict[str, float] | None:
        """Of a spike what was usual before it, and how many deviations above that it lies."""
        before, config = list(self._before), self._config
        self._before.append(loss)
        if len(before) < config.window // 2:
            return None
        usual = median(before)
        deviation = GAUSSIAN * median(abs(each - usual) for each in before)
        above = loss - usual
        if above < config.least or above < config.deviations * deviation:
            return None
        return {"usual": round(usual, 4), "deviations": round(above / max(deviation, 1e-9), 1)}
