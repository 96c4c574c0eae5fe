import numpy as np
import pytest
from hypothesis import given

from polymath.text import utf8

from .text_samples import any_texts, quick


def bytes_of(text: str | bytes) -> np.ndarray:
    return np.frombuffer(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, np.uint8)


def decoded(value: np.ndarray) -> list[int]:
    code_points, i = [], 0
    while i < value.size:
        code_point, i = utf8.decode(value, i)
        code_points.append(code_point)
    return code_points


@quick
@given(any_texts)
def test_decoding_gives_the_code_points(text):
    assert decoded(bytes_of(text)) == [ord(char) for char in text]


@quick
@given(any_texts)
def test_counts_are_those_of_python(text):
    value = bytes_of(text)
    assert utf8.count_chars(value) == len(text)
    assert utf8.count_byte(value, ord("\n")) == text.count("\n")
    assert utf8.count_ascii_letters(value) == sum(char.isascii() and char.isalpha() for char in text)
    assert utf8.highest_byte(value) == max(value, default=0)


@quick
@given(any_texts)
def test_the_last_character_begins_where_it_is_decoded_whole(text):
    value = bytes_of(text + "x")[:-1]
    if text:
        assert utf8.decode(value, utf8.last_char(value)) == (ord(text[-1]), value.size)


@pytest.mark.parametrize("broken", [b"\xe0\xb8", b"\xf0\x9f\x98", b"\xc3", b"\x80", b"\xff"])
def test_a_character_that_is_cut_off_is_replaced(broken):
    assert decoded(bytes_of(b"a" + broken)) == [ord("a"), 0xFFFD]


def test_the_longest_value_is_found_from_the_offsets():
    assert utf8.longest(np.array([3, 5, 5, 12, 13])) == 7
    assert utf8.longest(np.array([0])) == 0
