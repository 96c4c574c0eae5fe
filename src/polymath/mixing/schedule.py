"""The schedule: which sequence stands in which slot of which global batch, so that every batch is stratified over the tasks.

Tasks follow Tijdeman's solution of the chairman assignment problem (Discrete Mathematics 32, 1980): for every task and every
prefix the count stays within one of its quota. Within a task, concepts may run ahead or behind by less than two; that room is
used to choose which concepts meet in a batch: a share of the batch's pairs is to be correlated, the rest not.
"""

from typing import NamedTuple

import numpy as np
from numba import types

from polymath.text.jit import I32, I64, INT, REAL, helper, kernel

_MATRIX = types.Array(types.uint8, 2, "C", readonly=True)


class Strata(NamedTuple):
    """The strata of a track, an entry each; a stratum is a concept of a task."""

    task: np.ndarray
    """int32: number of its task."""
    draws: np.ndarray
    """int64: how often one of its sequences is drawn."""
    correlated: np.ndarray
    """uint8[n, n]: whether two strata are about related things (a stratum is related to itself)."""


def whole_draws(weights: np.ndarray, slots: int) -> np.ndarray:
    """`slots` shared out by `weights` (float64[n], sum 1) in whole numbers, by largest remainder: int64[n]."""
    exact = weights * slots
    draws = np.floor(exact).astype(np.int64)
    short = slots - draws.sum()
    draws[np.argsort(-(exact - draws), kind="stable")[:short]] += 1
    return draws


def schedule_tasks(draws: np.ndarray) -> np.ndarray:
    """The task of each slot, int32[sum of draws]: after t slots task i stood in t * draws[i] / sum of them, +- under 1."""
    return _tijdeman(draws.astype(np.int64))


def schedule_strata(tasks: np.ndarray, strata: Strata, batch: int, correlated_share: float) -> np.ndarray:
    """The stratum of each slot, int32[slots], given its task; batches are `batch` slots each.

    After m slots of its task a stratum with share w of them has been drawn m * w times, give or take under 2.
    `correlated_share` is the wanted share of correlated pairs among all pairs of a batch.
    """
    return _concepts(tasks, strata.task.astype(np.int32), strata.draws, strata.correlated, batch, correlated_share)


def draw_order(available: int, draws: int, seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """`draws` of `available` sequences, int64, and the epoch of each: every epoch is a new order of all of them."""
    epochs = -(-draws // max(available, 1))
    orders = [np.random.default_rng((*seed, epoch)).permutation(available) for epoch in range(epochs)]
    order = np.concatenate(orders) if orders else np.empty(0, np.int64)
    return order[:draws], np.repeat(np.arange(epochs), available)[:draws]


def deviation(labels: np.ndarray, draws: np.ndarray) -> float:
    """The largest distance of any label's count from its quota, over all prefixes."""
    return float(_deviation(labels.astype(np.int32), draws.astype(np.int64)))


def correlated_pairs(strata: np.ndarray, correlated: np.ndarray, batch: int) -> float:
    """Share of the pairs within a batch that are correlated, over all whole batches."""
    return mean_correlation(strata, correlated.astype(np.float64), batch)


def mean_correlation(strata: np.ndarray, correlation: np.ndarray, batch: int) -> float:
    """Mean correlation (float64[n, n]) of the pairs within a batch, over all whole batches; two of one stratum are a pair."""
    batches = len(strata) // batch
    if not batches or batch < 2:
        return 0.0
    owner = np.arange(batches * batch) // batch
    counts = np.zeros((batches, len(correlation)))
    np.add.at(counts, (owner, strata[: batches * batch]), 1)
    alone = np.diag(correlation)[strata[: batches * batch]].sum()  # a slot is no pair with itself
    return float(
        (np.einsum("bi,ij,bj->", counts, correlation, counts, optimize=True) - alone) / (batches * batch * (batch - 1))
    )


@kernel(I64)
def _tijdeman(draws):  # type: ignore[no-untyped-def]
    slots, count = draws.sum(), len(draws)
    chosen = np.empty(slots, np.int32)
    drawn = np.zeros(count, np.int64)
    if count == 1:
        chosen[:] = 0
        return chosen
    # All in whole numbers: lag = draws * t - drawn * slots is `slots` times the distance from the quota.
    slack = 2 * count - 2
    for slot in range(slots):
        best, soonest = -1, np.inf
        for task in range(count):
            lag = draws[task] * (slot + 1) - drawn[task] * slots
            if lag * slack >= slots:
                deadline = (slots - slots / slack - lag) / draws[task]
                if deadline < soonest:
                    best, soonest = task, deadline
        chosen[slot] = best
        drawn[best] += 1
    return chosen


@helper
def _most_urgent(first, last, draws, drawn, done, total):  # type: ignore[no-untyped-def]
    """Of the strata first..last-1, the one that would fall behind by one in this slot and by two the soonest; -1 for none."""
    best, soonest = -1, np.inf
    for stratum in range(first, last):
        lag = draws[stratum] * (done + 1) - drawn[stratum] * total
        if lag >= total and (2 * total - lag) / draws[stratum] < soonest:
            best, soonest = stratum, (2 * total - lag) / draws[stratum]
    return best


@helper
def _best_company(first, last, draws, drawn, done, total, related, want_more):  # type: ignore[no-untyped-def]
    """Of those that are not two ahead, the one related to most (or fewest) of the batch; the one furthest behind on ties."""
    best, best_related, best_lag = -1, 0, 0
    for stratum in range(first, last):
        lag = draws[stratum] * (done + 1) - drawn[stratum] * total
        if lag <= -total or drawn[stratum] >= draws[stratum]:
            continue
        value = related[stratum] if want_more else -related[stratum]
        if best < 0 or value > best_related or (value == best_related and lag > best_lag):
            best, best_related, best_lag = stratum, value, lag
    return best


@kernel(I32, I32, I64, _MATRIX, INT, REAL)
def _concepts(tasks, owner, draws, correlated, batch, share):  # type: ignore[no-untyped-def]
    """Strata are sorted by task, so that a task's strata are neighbours."""
    count = owner.max() + 1
    first, last, total = np.full(count, len(owner)), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for stratum in range(len(owner)):
        task = owner[stratum]
        first[task], last[task] = min(first[task], stratum), stratum + 1
        total[task] += draws[stratum]
    chosen = np.empty(len(tasks), np.int32)
    drawn, done = np.zeros(len(owner), np.int64), np.zeros(count, np.int64)
    related = np.zeros(len(owner), np.int64)
    pairs, matched = 0, 0
    for slot in range(len(tasks)):
        if slot % batch == 0:
            related[:], pairs, matched = 0, 0, 0
        task = tasks[slot]
        bounds = first[task], last[task]
        stratum = _most_urgent(bounds[0], bounds[1], draws, drawn, done[task], total[task])
        if stratum < 0:
            want_more = matched < share * pairs
            stratum = _best_company(bounds[0], bounds[1], draws, drawn, done[task], total[task], related, want_more)
        chosen[slot] = stratum
        matched += related[stratum]
        pairs += slot % batch
        drawn[stratum] += 1
        done[task] += 1
        for other in range(len(owner)):
            related[other] += correlated[other, stratum]
    return chosen


@kernel(I32, I64)
def _deviation(labels, draws):  # type: ignore[no-untyped-def]
    counts, slots, worst = np.zeros(len(draws), np.int64), draws.sum(), 0.0
    for slot in range(len(labels)):
        counts[labels[slot]] += 1
        for label in range(len(draws)):
            worst = max(worst, abs(counts[label] - draws[label] * (slot + 1) / slots))
    return worst
