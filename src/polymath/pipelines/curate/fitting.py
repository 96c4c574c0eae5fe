"""Truncated SVD and k-means as scikit-learn fits them; importing that takes longer than the fitting, 1.5 s."""

from typing import Any

import numpy as np

OVERSAMPLED, ROUNDS = 10, 5
"""Directions beyond those that are wanted, and power iterations (Halko, Martinsson and Tropp 2009, 0909.4061)."""
STARTS, MOST_STEPS, TOLERANCE = 2, 300, 1e-4
"""Of k-means: of so many starts the best is taken; a start ends when the centres move less than this share of the variance."""


def leading_directions(matrix: Any, count: int, seed: int = 0) -> np.ndarray:
    """The first right singular vectors of a sparse matrix float32[n, d], each with its largest entry positive: [count, d]."""
    from scipy import linalg

    wide = matrix.shape[0] < matrix.shape[1]
    tall = matrix.T if wide else matrix
    basis = np.random.RandomState(seed).normal(size=(tall.shape[1], count + OVERSAMPLED)).astype(np.float32)
    for _ in range(ROUNDS):
        basis, _ = linalg.lu(tall @ basis, permute_l=True, check_finite=False)
        basis, _ = linalg.lu(tall.T @ basis, permute_l=True, check_finite=False)
    basis, _ = linalg.qr(tall @ basis, mode="economic", check_finite=False)
    inner, _, right = linalg.svd(basis.T @ tall, full_matrices=False)
    directions = ((basis @ inner).T if wide else right)[:count]
    largest = np.abs(directions).argmax(axis=1)
    return directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]


def cluster(points: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """k-means (Lloyd 1982) of points float32[n, d]: the number of each one's cluster, int64[n]."""
    tolerance = TOLERANCE * np.var(points, axis=0).mean()
    points = points - points.mean(axis=0)  # distances lose fewer digits around zero
    random = np.random.RandomState(seed)
    best, labels = np.inf, np.zeros(len(points), np.int64)
    for _ in range(STARTS):
        found, inertia = _settle(points, _seeds(points, count, random), tolerance)
        if inertia < best * (1 - 1e-6):  # less is rounding: the same clusters by other numbers
            best, labels = inertia, found
    return labels


def _seeds(points: np.ndarray, count: int, random: np.random.RandomState) -> np.ndarray:
    """Points far from one another (k-means++, Arthur and Vassilvitskii 2007): of a few drawn, the one that helps most."""
    trials = 2 + int(np.log(count))
    chosen = [int(random.choice(len(points), p=np.full(len(points), 1 / len(points))))]
    nearest = _square_distances(points, points[chosen])[0]
    while len(chosen) < count:
        drawn = random.uniform(size=trials) * nearest.sum()
        tried = np.minimum(np.searchsorted(np.cumsum(nearest), drawn), len(points) - 1)
        nearer = np.minimum(nearest, _square_distances(points, points[tried]))
        best = int(nearer.sum(axis=1).argmin())
        nearest = nearer[best]
        chosen.append(int(tried[best]))
    return points[chosen]


def _settle(points: np.ndarray, centres: np.ndarray, tolerance: float) -> tuple[np.ndarray, float]:
    """Clusters from these centres on, and the sum of the squared distances from their middles."""
    labels = np.full(len(points), -1)
    for _ in range(MOST_STEPS):
        before, labels = labels, _nearest(points, centres)
        moved = _middles(points, centres, labels)
        shift, centres = np.square(moved - centres).sum(), moved
        if np.array_equal(labels, before):
            break
        if shift <= tolerance:
            labels = _nearest(points, centres)
            break
    return labels, float(np.square(points - centres[labels], dtype=np.float64).sum())


def _middles(points: np.ndarray, centres: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of each cluster; one without points moves to a point that is far from its own centre."""
    sums, sizes = np.zeros_like(centres), np.bincount(labels, minlength=len(centres))
    np.add.at(sums, labels, points)
    empty = np.flatnonzero(sizes == 0)
    if len(empty):
        distance = np.square(points - centres[labels]).sum(axis=1)
        for place, point in zip(empty, np.argsort(-distance, kind="stable"), strict=False):
            sums[labels[point]] -= points[point]
            sums[place] = points[point]
            sizes[labels[point]] -= 1
            sizes[place] = 1
    return sums / np.maximum(sizes, 1).astype(sums.dtype)[:, None]


def _nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    found: np.ndarray = (np.square(centres).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1)
    return found


def _square_distances(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """float64[others, points]"""
    left, right = others.astype(np.float64), points.astype(np.float64)
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2 * left @ right.T
    return np.maximum(squares, 0)
