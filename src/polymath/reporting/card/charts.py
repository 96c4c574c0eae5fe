"""What drawings share: scales, round marks on axes, histograms."""

from dataclasses import dataclass

import numpy as np

from polymath.reporting.card.words import NARROW, amount


@dataclass(frozen=True)
class Scale:
    """From values to places on paper."""

    low: float
    high: float
    start: float
    stop: float

    @classmethod
    def around(cls, values: list[float], start: float, stop: float) -> "Scale":
        """With a little air on both sides, so that values that are all but one are not torn apart."""
        low, high = min(values), max(values)
        air = max((high - low) * 0.08, abs(high) * 0.02) or 1.0
        return cls(low - air, high + air, start, stop)

    def __call__(self, value: float) -> float:
        """The place of a value, rounded to a tenth of a pixel."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.stop - self.start), 1)


def ticks(low: float, high: float, most: int = 5) -> list[tuple[float, str]]:
    """Round numbers within the bounds, at most `most`, with their text."""
    if not high > low:
        return [(low, amount(low))]
    raw = (high - low) / most
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first = int(np.ceil(low / step - 1e-9))
    digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    values = [(first + number) * step for number in range(most + 1)]
    return [(value, f"{value:,.{digits}f}") for value in values if value <= high + step * 1e-6]


def spread(total: int, most: int) -> np.ndarray:
    """At most `most` of the numbers 0 to total - 1, evenly, the first and the last among them: int64[n]."""
    if total <= most:
        return np.arange(total)
    return np.unique(np.round(np.linspace(0, total - 1, most)).astype(np.int64))


@dataclass(frozen=True)
class Histogram:
    """Bars over an axis from 0 to 1."""

    bars: list[tuple[float, float, float, bool]]
    """Left, width and height, each from 0 to 1, and whether the bar lies beyond the limit."""
    marks: list[tuple[float, str]]
    """Places of the axis, and their numbers."""
    limit: float
    """Where the limit stands."""


BARS = 36
LONG_TAIL = 30.0
"""Where the largest values are so many times the median, the axis is logarithmic."""


def histogram(values: np.ndarray, limit: float, is_floor: bool, percent: bool = False) -> Histogram:
    """How values lie around a limit. `is_floor`: what is below it is removed, else what is above.

    The axis holds 99.5 % of the values and the limit; what lies outside is counted in the outermost bars. The limit is the
    edge of two bars, so that no bar is half removed.
    """
    low, high = np.quantile(values, [0.0025, 0.9975])
    low, high = min(low, limit), max(high, limit)
    if high <= low:
        low, high = low - 0.5, high + 0.5
    logarithmic = low >= 0 and high > LONG_TAIL * max(float(np.median(values)), 1e-9) and high > 10
    bend = np.log1p if logarithmic else np.asarray
    start, stop, middle = float(bend(low)), float(bend(high)), float(bend(limit))
    width = (stop - start) / BARS
    below = int(np.ceil((middle - start) / width - 1e-9))
    above = int(np.ceil((stop - middle) / width - 1e-9))
    edges = middle + width * np.arange(-below, above + 1)
    start, stop = edges[0], edges[-1]
    # A value at the limit is kept, so it belongs to the bar on the kept side.
    placed = np.clip(np.asarray(bend(np.maximum(values, 0) if logarithmic else values), float), start, stop)
    number = np.ceil((placed - start) / width - 1e-9) - 1 if not is_floor else np.floor((placed - start) / width + 1e-9)
    counts = np.bincount(np.clip(number, 0, below + above - 1).astype(int), minlength=below + above)
    top = max(counts.max(), 1)
    span = stop - start
    bars = [
        (round(i * width / span, 4), round(width / span, 4), round(count / top, 4), (i < below) == is_floor)
        for i, count in enumerate(counts.tolist())
        if count
    ]
    marks = _marks(start, stop, logarithmic)
    if percent:
        marks = [(place, f"{100 * float(text.replace(',', '')):g}{NARROW}%") for place, text in marks]
    return Histogram(bars, marks, round((middle - start) / span, 4))


def _marks(start: float, stop: float, logarithmic: bool) -> list[tuple[float, str]]:
    if not logarithmic:
        return [((value - start) / (stop - start), text) for value, text in ticks(start, stop, 4)]
    values = [0.0, *(10.0**power for power in range(1, 9))]
    inside = [value for value in values if start <= np.log1p(value) <= stop]
    return [((float(np.log1p(value)) - start) / (stop - start), f"{value:,.0f}") for value in inside]
