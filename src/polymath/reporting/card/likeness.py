"""Part 5: which concepts are about the same, as a heat map whose order puts like beside like."""

from dataclasses import dataclass

import numpy as np

from polymath.mixing.portfolio import correlation
from polymath.reporting.card.head import Lines
from polymath.reporting.card.mix import Subject

MOST = 32
"""Concepts on the map: more would be smaller than a finger or an eye can tell apart."""
STRONG = 0.3
"""Correlations below say little."""


@dataclass(frozen=True)
class Pair:
    """Two concepts that are about the same."""

    one: Subject
    other: Subject
    value: float


@dataclass(frozen=True)
class Likeness:
    """The map, and the pairs that stand out."""

    subjects: list[Subject]
    """In the order of rows and columns."""
    left_out: int
    """Concepts that had no room."""
    cells: dict[str, str]
    """Cells of each colour (see `css`) as one path, a cell being a unit square."""
    alike: list[Pair]


def compare(subjects: list[Subject], concepts: Lines, pairs: int) -> Likeness | None:
    """The correlations of the concepts with the largest weights; None where there are fewer than three."""
    centroids = {row["concept"]: row["centroid"] for row in concepts}
    known = [one for one in subjects if one.concept in centroids and one.drawn]
    chosen = sorted(known, key=lambda one: (-one.weight, one.concept))[:MOST]
    if len(chosen) < 3:
        return None
    everywhere = np.array([centroids[one.concept] for one in known]).mean(axis=0)
    matrix = correlation(np.array([centroids[one.concept] for one in chosen]) - everywhere).round(3)
    order = ordered(matrix)
    matrix, chosen = matrix[np.ix_(order, order)], [chosen[place] for place in order]
    above = [(matrix[i, j], i, j) for i in range(len(chosen)) for j in range(i) if matrix[i, j] >= STRONG]
    alike = [Pair(chosen[j], chosen[i], float(value)) for value, i, j in sorted(above, key=lambda pair: (-pair[0], pair[1:]))]
    return Likeness(chosen, len(known) - len(chosen), paths(matrix), alike[:pairs])


def ordered(matrix: np.ndarray) -> list[int]:
    """The order in which neighbours are most alike: leaves of a tree of averages, turned for the least jumps (scipy)."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    distance = squareform((1 - matrix).clip(0, 2).round(3), checks=False)
    tree = linkage(distance, "average")
    order: list[int] = leaves_list(optimal_leaf_ordering(tree, distance)).tolist()
    return order


def paths(matrix: np.ndarray) -> dict[str, str]:
    """One path for the cells of each colour; the diagonal, where everything is like itself, stays empty."""
    found: dict[str, list[str]] = {}
    for row, values in enumerate(matrix.tolist()):
        for column, value in enumerate(values):
            if row != column and css(value):
                found.setdefault(css(value), []).append(f"M{column} {row}h1v1h-1z")
    return {name: "".join(cells) for name, cells in sorted(found.items())}


def css(value: float) -> str:
    """The class of a cell: `p1` to `p4` for alike, `n1` to `n4` for opposed, none about zero."""
    level = min(int(abs(value) / 0.2 + 0.5), 4)
    return f"{'p' if value > 0 else 'n'}{level}" if level else ""
