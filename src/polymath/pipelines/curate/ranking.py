"""EXTEND: one function per way to rank the records that a cap must choose from. Higher is better; ties go by policy order."""

from typing import NamedTuple

import numpy as np

from polymath.registry import Registry

rankings = Registry("ranking")


class Candidates(NamedTuple):
    """What a ranking may look at, an entry per kept record, in policy order."""

    place: np.ndarray
    """int64: its place in policy order."""
    closeness: np.ndarray
    """float32: cosine with its concept's centroid."""
    text_hash: np.ndarray
    """uint64 of its dedup text."""
    words: np.ndarray
    """int32: words of its judged text."""


@rankings.register
def closeness(candidates: Candidates) -> np.ndarray:
    """The most typical of its concept first."""
    return candidates.closeness


@rankings.register
def novelty(candidates: Candidates) -> np.ndarray:
    """The least typical of its concept first."""
    return -candidates.closeness


@rankings.register
def length(candidates: Candidates) -> np.ndarray:
    """The longest first."""
    return candidates.words


@rankings.register
def chance(candidates: Candidates) -> np.ndarray:
    """By a hash of the text: no preference, and the same choice on every run."""
    return candidates.text_hash


@rankings.register
def policy(candidates: Candidates) -> np.ndarray:
    """Tier first, then the order of the sources, then the place in the source."""
    return -candidates.place
