"""Diversity: distinct-n by hand, self-BLEU as Texygen has it, Thai by its characters."""

import pytest

from polymath.scoring.diversity import distinct_n, self_bleu
from polymath.scoring.units import grams, units

TEXTS = [
    "The old mill stands by the river and turns its wheel all day.",
    "The old mill stands by the lake and its wheel is still.",
    "A heron waits in the reeds where the river bends to the south.",
]


def test_units_are_words_and_signs_and_characters_of_scripts_without_spaces():
    assert units("It's 3 DAYS, ok") == ["it", "'", "s", "3", "days", ",", "ok"]
    assert units("ดีมาก now") == ["ดี", "ม", "า", "ก", "now"]
    assert units("東京 is") == ["東", "京", "is"]


def test_grams_overlap_and_are_none_where_units_are_fewer():
    assert grams(["a", "b", "c"], 2) == [("a", "b"), ("b", "c")]
    assert grams(["a"], 2) == []


@pytest.mark.parametrize(
    ("texts", "n", "share"), [(["a b a b"], 1, 2 / 4), (["a b a b"], 2, 2 / 3), (["a b", "a b"], 2, 1 / 2), ([""], 1, 0)]
)
def test_distinct_n_is_the_share_of_different_n_grams_over_all_texts(texts, n, share):
    assert distinct_n(texts, n) == share


def test_self_bleu_is_that_of_texygen():
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    split = [units(text) for text in TEXTS]
    smooth = SmoothingFunction().method1
    expected = [
        sentence_bleu(split[:number] + split[number + 1 :], text, smoothing_function=smooth)
        for number, text in enumerate(split)
    ]
    assert self_bleu(TEXTS) == pytest.approx(expected)
    assert 0.01 < min(expected) < max(expected) < 0.7


@pytest.mark.parametrize("text", ["Bangkok.", "สวัสดีครับ", "", "The old mill stands by the river."])
def test_equal_texts_are_fully_alike(text):
    assert self_bleu([text, text]) == pytest.approx([1, 1])


def test_thai_texts_are_compared_by_their_characters():
    alike, other = self_bleu(["แมวกินปลาในครัว", "แมวกินปลาในสวน", "ฟ้าหลังฝนสดใสเสมอ"])[1:]
    assert alike > 0.5 > other
