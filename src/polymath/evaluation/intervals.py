"""How sure a score is, and whether two scores differ by more than chance. Equal data and seed give equal numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

RESAMPLES = 2000
BLOCK = 2**22
"""Numbers that resampling holds at once."""


@dataclass(frozen=True)
class Interval:
    """A mean with the bounds that hold it with the given confidence."""

    mean: float
    low: float
    high: float
    items: int


def interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Of the mean of `values` (one an item): Wilson's where each is 0 or 1, else the percentile bootstrap's.

    Without items there is none: all of it is NaN.
    """
    array = np.asarray(values, np.float64)
    if not len(array):
        return Interval(math.nan, math.nan, math.nan, 0)
    mean = float(array.mean())
    if np.isin(array, (0.0, 1.0)).all():
        return Interval(mean, *wilson(int(array.sum()), len(array), confidence), len(array))
    return Interval(mean, *_bounds(_resampled_means(array, seed), confidence), len(array))


def wilson(successes: float, items: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share (Wilson 1927); it stays within 0 and 1 and is sound for few items."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share, weight = successes / items, z * z / items
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / items + weight / (4 * items))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def ratio_interval(
    parts: Sequence[float] | np.ndarray, wholes: Sequence[float] | np.ndarray, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Of sum(parts) / sum(wholes), a loss a token: items are resampled whole, since tokens of one item hang together."""
    over, under = np.asarray(parts, np.float64), np.asarray(wholes, np.float64)
    if not under.sum():
        return Interval(math.nan, math.nan, math.nan, 0)
    means = _resampled_means(np.stack([over, under], axis=1), seed)
    bounds = _bounds(means[:, 0] / means[:, 1], confidence)
    return Interval(float(over.sum() / under.sum()), *bounds, len(over))


def mcnemar(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray) -> float:
    """The exact p-value that two models are right on the same items equally often (McNemar 1947, the binomial form).

    Only items count on which one is right and the other is not.
    """
    a, b = np.asarray(first) > 0.5, np.asarray(second) > 0.5
    gained, lost = int((b & ~a).sum()), int((a & ~b).sum())
    if not gained + lost:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(gained, gained + lost, 0.5).pvalue)


def randomised(differences: np.ndarray, seed: int = 0) -> float:
    """The two-sided p-value of the paired randomisation test: how often the differences would add up to as much if chance
    drew their signs. A few items can never be sure: five have 32 ways."""
    generator, items = np.random.default_rng(seed), len(differences)
    observed, block = abs(differences.sum()) * (1 - 1e-9), max(1, BLOCK // items)
    as_much = 0
    for start in range(0, RESAMPLES, block):
        signs = generator.integers(2, size=(min(block, RESAMPLES - start), items)) * 2 - 1
        as_much += int((np.abs(signs @ differences) >= observed).sum())
    # One is added above and below: a p-value of resampling is never zero (Davison 1997, section 4.2).
    return (as_much + 1) / (RESAMPLES + 1)


@dataclass(frozen=True)
class Comparison:
    """The second score less the first, over the same items."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    items: int
    noise: bool
    """The difference may well be chance: p is above 1 - confidence."""


def compare_scores(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    weights: Sequence[float] | np.ndarray | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compare two models' scores of the same items, in the same order (weights: tokens of each, where scores are sums).

    McNemar's test where all scores are 0 or 1, else the paired randomisation test (Noreen 1989). The bounds are those of a
    paired bootstrap (Koehn 2004) in both cases.
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    assert len(a) == len(b), "compared items differ"
    if not len(a):
        nothing = math.nan
        return Comparison(nothing, nothing, nothing, nothing, nothing, nothing, items=0, noise=True)
    under = np.ones(len(a)) if weights is None else np.asarray(weights, np.float64)
    means = _resampled_means(np.stack([b - a, under], axis=1), seed)
    drawn = means[:, 0] / means[:, 1]
    low, high = _bounds(drawn, confidence)
    shares = weights is None and bool(np.isin(np.r_[a, b], (0.0, 1.0)).all())
    p = mcnemar(a, b) if shares else randomised(b - a, seed)
    mean_a, mean_b = float(a.sum() / under.sum()), float(b.sum() / under.sum())
    return Comparison(mean_a, mean_b, mean_b - mean_a, low, high, p, len(a), p > 1 - confidence)


def _resampled_means(values: np.ndarray, seed: int) -> np.ndarray:
    """float64[RESAMPLES, ...]: means over items drawn with replacement."""
    generator, items = np.random.default_rng(seed), len(values)
    block = max(1, BLOCK // items)
    parts = []
    for start in range(0, RESAMPLES, block):
        rows = generator.integers(items, size=(min(block, RESAMPLES - start), items))
        parts.append(values[rows].mean(axis=1))
    return np.concatenate(parts)


def _bounds(drawn: np.ndarray, confidence: float) -> tuple[float, float]:
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
