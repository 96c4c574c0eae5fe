import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.hashing import BASE, hash_bytes, hash_grams, mix

from .text_samples import quick


def mixed(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def grams_of(units: list[int], gram: int, salt: int) -> list[int]:
    gram = min(gram, len(units))
    hashes = []
    for start in range(len(units) - gram + 1 if units else 0):
        polynomial = sum(unit * int(BASE) ** power for power, unit in enumerate(reversed(units[start : start + gram])))
        hashes.append(mixed((polynomial + salt) % 2**64))
    return hashes


@quick
@given(st.integers(0, 2**64 - 1))
def test_mixing_is_that_of_splitmix(value):
    assert int(mix(np.uint64(value))) == mixed(value)


@quick
@given(st.lists(st.integers(0, 2**64 - 1), max_size=20), st.integers(1, 8), st.integers(0, 2**64 - 1))
def test_grams_are_hashed_as_polynomials(units, gram, salt):
    grams = np.zeros(len(units) + 1, np.uint64)
    count = hash_grams(np.array(units, np.uint64), len(units), gram, np.uint64(salt), grams)
    assert grams[:count].tolist() == grams_of(units, gram, salt)


def test_values_that_differ_anywhere_differ_in_hash():
    base = b"abcdefghijklmnopqrst"
    changed = {base[:i] + b"X" + base[i + 1 :] for i in range(20)}
    values = {base[:size] for size in range(21)} | changed | {b"\0", b"\0\0"}
    assert len({hash_bytes(np.frombuffer(value, np.uint8)) for value in values}) == len(values)


@quick
@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_values_and_only_these_hash_alike(one, other):
    hashes = hash_bytes(np.frombuffer(one, np.uint8)), hash_bytes(np.frombuffer(other, np.uint8))
    assert (hashes[0] == hashes[1]) == (one == other)
    assert hash_bytes(np.frombuffer(b"x" + one, np.uint8)[1:]) == hashes[0]
