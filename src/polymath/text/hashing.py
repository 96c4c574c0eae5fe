"""Kernel helpers that hash 64-bit values, runs of units, and bytes."""

import numpy as np
from numba import uint64

from polymath.text.intrinsics import load_word
from polymath.text.jit import Array, helper

BASE = np.uint64(0x9E3779B97F4A7C15)
"""The base of polynomial hashes: odd, and without a pattern in its bits (2^64 over the golden ratio)."""

_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


@helper
def mix(value: np.uint64) -> np.uint64:
    """Spread every bit over all 64, one to one (the finaliser of SplitMix64; Steele, Lea and Flood 2014)."""
    value = (value ^ (value >> uint64(30))) * _MIX_1
    value = (value ^ (value >> uint64(27))) * _MIX_2
    return value ^ (value >> uint64(31))


@helper
def hash_grams(units: Array, count: int, gram: int, salt: np.uint64, grams: Array) -> int:
    """Write the hash of every `gram` units in a row (of all, if there are fewer) into `grams`; return their number."""
    if count == 0:
        return 0
    gram = min(gram, count)
    number = count - gram + 1
    # A polynomial by Horner's rule, with a pass for each unit of the gram: passes vectorise, a rolling hash does not.
    for i in range(number):
        grams[i] = units[i]
    for shift in range(1, gram):
        for i in range(number):
            grams[i] = grams[i] * BASE + units[i + shift]
    for i in range(number):
        grams[i] = mix(grams[i] + salt)
    return number


@helper
def hash_bytes(text: Array) -> np.uint64:
    """Hash a whole value, eight bytes at a time."""
    state = uint64(text.size)
    if text.size < 8:
        for i in range(text.size):
            state = state << uint64(8) | uint64(text[i])
        return mix(state)
    for i in range(0, text.size - 7, 8):
        state = _stir(state ^ load_word(text, i))
    # The last word overlaps the one before, unless eight divides the size: so it ends where the value ends.
    return mix(state ^ load_word(text, text.size - 8))


@helper
def _stir(state: np.uint64) -> np.uint64:
    state *= BASE
    return state ^ (state >> uint64(32))
