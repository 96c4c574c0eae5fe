"""Weights as a portfolio (mean-variance, Markowitz 1952; for data mixtures UtiliMax, arXiv 2501.11747), anchored to a prior.

maximise  mu'w - gamma/2 w'Sw - pull * KL(w || prior)   with  sum w = 1, w >= floor, tiers at their floors, epochs capped.

A portfolio without an anchor lost to plain UniMax in our pilot, so it moves weight only as far as the evidence carries it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from polymath.errors import UserError


@dataclass(frozen=True)
class Problem:
    """What a portfolio is chosen from; n strata."""

    gain: np.ndarray
    """mu, float64[n]: what a stratum is expected to bring."""
    covariance: np.ndarray
    """S, float64[n, n]: how far strata bring the same."""
    prior: np.ndarray
    """float64[n], sum 1."""
    limits: np.ndarray
    """float64[n]: the largest weight that the epoch cap allows."""
    floors: np.ndarray
    """float64[n]: the least weight of a stratum."""
    tier_shares: np.ndarray
    """float64[tiers, n]: share of each stratum's tokens in each tier."""
    tier_floors: np.ndarray
    """float64[tiers]: the least share of all tokens in a tier."""


@dataclass(frozen=True)
class Point:
    """One portfolio."""

    weights: np.ndarray
    gain: float
    risk: float
    """Standard deviation, the root of w'Sw."""
    aversion: float
    """gamma"""


def solve(problem: Problem, aversion: float, pull: float) -> Point:
    """The best weights at one aversion to risk (gamma) and one pull towards the prior (lambda); by Clarabel."""
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    task = clarabel.DefaultSolver(*_goal(problem, aversion, pull), *_bounds(problem), settings)
    answer = task.solve()
    if answer.status not in (clarabel.SolverStatus.Solved, clarabel.SolverStatus.AlmostSolved):
        raise UserError(
            "mix: no portfolio meets all bounds (epoch cap, floors of strata and tiers); "
            "raise max_epochs, lower tier_floors or min_prior_share, or ask for fewer tokens"
        )
    found = np.clip(answer.x[: len(problem.gain)], 0, None)
    return point(problem, found / found.sum(), aversion)


def _goal(problem: Problem, aversion: float, pull: float) -> tuple[Any, np.ndarray]:
    """What is minimised, x'Px / 2 + q'x, over the weights and, behind them, the KL of each with its prior."""
    from scipy.sparse import block_diag, csc_matrix, triu

    size = len(problem.gain)
    curvature = block_diag([aversion * problem.covariance, csc_matrix((size, size))], format="csc")
    return triu(curvature, format="csc"), np.concatenate([-problem.gain, np.full(size, pull)])


def _bounds(problem: Problem) -> tuple[Any, np.ndarray, list[Any]]:
    """Ax + s = b with s in cones: sum 1, the bounds from below and above, and w log(w / prior) <= KL (exponential cones)."""
    import clarabel
    from scipy.sparse import csc_matrix

    size, tiers = len(problem.gain), len(problem.tier_floors)
    weights, kl = np.eye(2 * size)[:size], np.eye(2 * size)[size:]
    shares = problem.tier_shares @ weights
    # For each stratum three rows, (-KL, weight, prior): weight * exp(-KL / weight) <= prior.
    cones = np.stack([kl, -weights, 0 * weights], axis=1).reshape(3 * size, 2 * size)
    priors = np.stack([np.zeros(size), np.zeros(size), problem.prior], axis=1).reshape(-1)
    matrix = np.concatenate([weights.sum(axis=0)[None], -weights, weights, -shares, cones])
    right = np.concatenate([[1.0], -problem.floors, problem.limits, -problem.tier_floors, priors])
    plain = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(2 * size + tiers)]
    return csc_matrix(matrix), right, plain + [clarabel.ExponentialConeT()] * size


def frontier(problem: Problem, pull: float, aversions: np.ndarray) -> list[Point]:
    """The efficient frontier: the best portfolio at each aversion to risk."""
    return [solve(problem, float(aversion), pull) for aversion in aversions]


def point(problem: Problem, weights: np.ndarray, aversion: float) -> Point:
    """The gain and the risk of given weights."""
    risk = float(np.sqrt(max(weights @ problem.covariance @ weights, 0.0)))
    return Point(weights, float(problem.gain @ weights), risk, aversion)


def assumed_gain(tier_shares: np.ndarray, tier_worth: np.ndarray, quality: np.ndarray) -> np.ndarray:
    """mu where nothing was measured: the worth of the stratum's tiers times its quality, float64[n]."""
    return (tier_worth @ tier_shares) * quality


def assumed_covariance(centroids: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """S where nothing was measured: the shrunk correlation of the centroids (Ledoit and Wolf 2004), scaled by dispersion."""
    spread = np.sqrt(np.maximum(dispersion, 1e-6))
    return correlation(centroids) * np.outer(spread, spread)


def correlation(centroids: np.ndarray) -> np.ndarray:
    """Shrunk correlation between strata, float64[n, n], from their centroids, float[n, dimensions]."""
    if len(centroids) == 1:
        return np.ones((1, 1))
    covariance = shrunk_covariance(np.asarray(centroids, np.float64).T)
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    return covariance / np.outer(scale, scale)


def shrunk_covariance(samples: np.ndarray) -> np.ndarray:
    """The covariance of float64[samples, n], as far towards its mean variance as Ledoit and Wolf (2004) show best: [n, n]."""
    rows, size = samples.shape
    centred = samples - samples.mean(axis=0)
    covariance = centred.T @ centred / rows
    squares, variance = np.square(centred), np.trace(covariance) / size
    spread = np.square(covariance).sum() - size * variance**2
    error = ((squares.T @ squares).sum() / rows - np.square(covariance).sum()) / rows
    pull = min(error, spread) / spread if spread else 0.0
    shrunk: np.ndarray = (1 - pull) * covariance
    shrunk[np.diag_indices(size)] += pull * variance
    return shrunk
