import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polymath.text import unicode
from polymath.text.shingles import CHAR_GRAMS, SHORT_TEXT_GRAMS, WORD_GRAMS, ShingleParams, shingle_counts, shingle_sets

from .text_samples import any_texts, chars_of, mixed_texts, quick, strings_of, unspaced_texts, words_of

PARAMS = ShingleParams(words=4, short_words=2, short_text_words=8, chars=3)


def is_unspaced(text: str) -> bool:
    bits = [unicode.classes()[ord(char)] for char in text]
    unspaced = sum(bit & unicode.UNSPACED_LETTER != 0 for bit in bits)
    return unspaced > 0 and 2 * unspaced >= sum(bit & unicode.ALPHABETIC != 0 for bit in bits)


def shingles_of(text: str, params: ShingleParams) -> tuple[int, list[tuple[str, ...]]]:
    """The kind and the shingles of a text as strings."""
    if is_unspaced(text):
        kind, units, gram = CHAR_GRAMS, list(chars_of(text)), params.chars
    elif len(words_of(text)) < params.short_text_words:
        kind, units, gram = SHORT_TEXT_GRAMS, words_of(text), params.short_words
    else:
        kind, units, gram = WORD_GRAMS, words_of(text), params.words
    return kind, [tuple(units[i : i + gram]) for i in range(max(min(len(units), 1), len(units) - gram + 1))]


def sets_of(texts: list[str | None], params: ShingleParams = PARAMS) -> list[list[int]]:
    hashes, offsets = shingle_sets(strings_of(texts), np.arange(len(texts)), params)
    return [hashes[start:end].tolist() for start, end in itertools.pairwise(offsets)]


@quick
@given(st.lists(st.one_of(any_texts, mixed_texts, unspaced_texts), max_size=4))
def test_texts_share_shingles_exactly_when_they_share_pieces(texts):
    texts = [*texts, "a b c d e f g h i", "a b c"]
    kinds_and_pieces = [shingles_of(text, PARAMS) for text in texts]
    counts, kinds = shingle_counts(strings_of(texts), PARAMS)
    assert counts.tolist() == [len(pieces) for _, pieces in kinds_and_pieces]
    assert kinds.tolist() == [kind for kind, _ in kinds_and_pieces]
    hash_sets = [set(row) for row in sets_of(texts)]
    piece_sets = [{(kind, piece) for piece in pieces} for kind, pieces in kinds_and_pieces]
    for i in range(len(texts)):
        assert len(hash_sets[i]) == len(piece_sets[i])
        for j in range(i):
            assert len(hash_sets[i] & hash_sets[j]) == len(piece_sets[i] & piece_sets[j])


@quick
@given(st.lists(any_texts, max_size=5))
def test_sets_ascend_without_repeats(texts):
    assert all(row == sorted(set(row)) for row in sets_of([*texts, "a a a a a a a a a", None]))


def test_rows_are_chosen_in_the_order_given():
    strings = strings_of(["a b c", "", "d e f g", "h"])
    hashes, offsets = shingle_sets(strings, np.array([2, 1, 0, 2]), PARAMS)
    every = sets_of(["a b c", "", "d e f g", "h"])
    rows = [hashes[start:end].tolist() for start, end in itertools.pairwise(offsets)]
    assert rows == [every[2], every[1], every[0], every[2]]
    assert len(shingle_sets(strings, np.array([], np.int64), PARAMS)[0]) == 0


def test_a_text_under_one_gram_is_a_single_shingle():
    counts, _ = shingle_counts(strings_of(["", "...", "one", "one two", "one two three", "ก", "กขค", "กขคง"]), PARAMS)
    assert counts.tolist() == [0, 0, 1, 1, 2, 1, 1, 2]


def test_no_text_is_short_when_short_texts_are_switched_off():
    assert shingle_counts(strings_of(["a b"]), PARAMS._replace(short_text_words=0))[1].tolist() == [WORD_GRAMS]


def test_thai_near_duplicates_are_found_without_spaces():
    one = "กรุงเทพมหานครเป็นเมืองหลวงและนครที่มีประชากรมากที่สุดของประเทศไทย"
    two = one.replace("มากที่สุด", "มาก ที่สุด") + "ครับ"
    a, b = map(set, sets_of([one, two], ShingleParams()))
    assert len(a & b) / len(a | b) > 0.85


def test_kinds_have_no_shingles_in_common():
    text = "a b c d e f g h i"
    as_words, as_short = sets_of([text], PARAMS), sets_of([text], PARAMS._replace(short_words=4, short_text_words=99))
    assert len(as_words[0]) == len(as_short[0]) == 6
    assert not set(as_words[0]) & set(as_short[0])
