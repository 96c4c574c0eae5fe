"""Weights as a portfolio (mean-variance, Markowitz 1952; for data mixtures UtiliMax, arXiv 2501.11747), anchored to a prior.

maximise  mu'w - gamma/2 w'Sw - pull * KL(w || prior)   with  sum w = 1, w >= floor, tiers at their floors, epochs capped.

A portfolio without an anchor lost to plain UniMax in our pilot, so it moves weight only as far as the evidence carries it.
"""

from dataclasses import dataclass

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
    """The best weights at one aversion to risk (gamma) and one pull towards the prior (lambda); by Clarabel through cvxpy."""
    import cvxpy

    weights = cvxpy.Variable(len(problem.gain))
    risk = cvxpy.quad_form(weights, cvxpy.psd_wrap(problem.covariance))
    distance = cvxpy.sum(cvxpy.kl_div(weights, problem.prior))
    constraints = [
        cvxpy.sum(weights) == 1,
        weights >= problem.floors,
        weights <= problem.limits,
        problem.tier_shares @ weights >= problem.tier_floors,
    ]
    goal = cvxpy.Maximize(problem.gain @ weights - aversion / 2 * risk - pull * distance)
    task = cvxpy.Problem(goal, constraints)
    task.solve(solver=cvxpy.CLARABEL)
    if weights.value is None:
        raise UserError(
            "mix: no portfolio meets all bounds (epoch cap, floors of strata and tiers); "
            "raise max_epochs, lower tier_floors or min_prior_share, or ask for fewer tokens"
        )
    found = np.clip(weights.value, 0, None)
    return point(problem, found / found.sum(), aversion)


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
    from sklearn.covariance import ledoit_wolf

    if len(centroids) == 1:
        return np.ones((1, 1))
    covariance, _ = ledoit_wolf(np.asarray(centroids, np.float64).T)
    scale = np.sqrt(np.maximum(np.diag(covariance), 1e-12))
    return covariance / np.outer(scale, scale)
