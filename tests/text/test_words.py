import itertools

import pytest
from hypothesis import given

from polymath.text.words import count_words, hash_words

from .text_samples import any_texts, quick, strings_of, words_of


def fnv_1a(word: str) -> int:
    state = 0xCBF29CE484222325
    for char in word:
        state = (state ^ ord(char)) * 0x100000001B3 % 2**64
    return state


@quick
@given(any_texts, any_texts)
def test_words_are_hashed_one_by_one(one, other):
    hashes, offsets = hash_words(strings_of([one, None, other]))
    expected = [[fnv_1a(word) for word in words_of(text)] for text in (one, "", other)]
    assert [hashes[start:end].tolist() for start, end in itertools.pairwise(offsets)] == expected
    assert count_words(strings_of([one, None, other])).tolist() == [len(words) for words in expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't stop_me, NOW!", 4),
        ("ผู้หญิงที่นั่ง กินข้าว", 2),
        ("हिन्दी भाषा", 2),
        ("e\u0301te\u0301", 1),
        ("漢字かな", 1),
        ("a\u00a0b\u3000c\u200bd", 4),
        ("  ", 0),
    ],
)
def test_words_hold_together_at_combining_marks_and_break_at_everything_else(text, words):
    assert count_words(strings_of([text])).tolist() == [words]


def test_case_and_punctuation_do_not_matter():
    hashes, _ = hash_words(strings_of(["The Straße, ÉTÉ!", "the straße été"]))
    assert hashes[:3].tolist() == hashes[3:].tolist()
