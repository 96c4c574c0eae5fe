import numba
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.intrinsics import count_ones, load_word

from .text_samples import quick


@numba.njit
def ones_of(value):
    return count_ones(value)


@numba.njit
def word_at(text, i):
    return load_word(text, i)


@quick
@given(st.integers(0, 2**64 - 1))
def test_bits_are_counted(value):
    assert ones_of(np.uint64(value)) == value.bit_count()


@quick
@given(st.binary(min_size=8, max_size=30), st.data())
def test_eight_bytes_are_loaded_from_any_place(text, data):
    i = data.draw(st.integers(0, len(text) - 8))
    assert int(word_at(np.frombuffer(text, np.uint8), i)) == int.from_bytes(text[i : i + 8], "little")
