"""How much of each stratum is drawn, in training tokens: the simple strategies. The portfolio stands in `portfolio.py`."""

import numpy as np

from polymath.errors import UserError


def proportional(sizes: np.ndarray) -> np.ndarray:
    """Weights by size: p_i = n_i / sum n. `sizes` float64[n], tokens."""
    return sizes / sizes.sum()


def temperature(sizes: np.ndarray, degree: float, limit: float | None) -> np.ndarray:
    """p_i proportional to min(n_i, K) ^ (1 / T): T = 1 is proportional, larger is flatter (T5; Raffel 2020, 3.5.2)."""
    cut = np.minimum(sizes, limit) if limit else sizes
    scaled = cut ** (1 / degree)
    return scaled / scaled.sum()


def unimax(sizes: np.ndarray, budget: float, max_epochs: float) -> np.ndarray:
    """As even as the epoch cap allows (Chung 2023, arXiv 2304.09151).

    From the smallest stratum on, each gets an equal share of what is left of the budget, but no more than `max_epochs` times
    its size.
    """
    shares = np.zeros(len(sizes))
    left = float(budget)
    for rank, stratum in enumerate(np.argsort(sizes, kind="stable")):
        shares[stratum] = min(left / (len(sizes) - rank), max_epochs * sizes[stratum])
        left -= shares[stratum]
    return shares / shares.sum()


def explicit(names: list[str], wanted: dict[str, float]) -> np.ndarray:
    """The weights that a person gave by name, scaled to a sum of one; a name without a weight gets none."""
    unknown = sorted(set(wanted) - set(names))
    if unknown:
        raise UserError(
            f"explicit weights name {', '.join(unknown)}, of which there is nothing here; there is {', '.join(names)}"
        )
    weights = np.array([wanted.get(name, 0.0) for name in names])
    if weights.sum() <= 0:
        raise UserError("explicit weights are all zero")
    return weights / weights.sum()


def capped(weights: np.ndarray, sizes: np.ndarray, budget: float, max_epochs: float) -> np.ndarray:
    """The weights nearest to these in proportion that ask for no more than `max_epochs` of any stratum.

    What a capped stratum cannot take goes to the others in proportion. Raises UserError when all of them together do not
    make the budget.
    """
    limits = max_epochs * sizes / budget
    if limits.sum() < 1 - 1e-9:
        raise UserError(
            f"no weights make {budget:,.0f} tokens of {sizes.sum():,.0f} in at most {max_epochs:g} epochs; "
            f"ask for {max_epochs * sizes.sum():,.0f} tokens or fewer, or raise max_epochs"
        )
    result, open_ = weights.astype(float).copy(), np.ones(len(weights), bool)
    while True:
        over = open_ & (result > limits + 1e-12)
        if not over.any():
            return result / result.sum()
        result[over], open_[over] = limits[over], False
        room = 1 - result[~open_].sum()
        share = weights[open_].sum()
        # Where only strata of weight zero are left, the room is theirs by size.
        result[open_] = room * (weights[open_] / share if share > 0 else sizes[open_] / sizes[open_].sum())
