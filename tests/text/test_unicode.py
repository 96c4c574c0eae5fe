import itertools
import unicodedata

import numpy as np
import pytest
from hypothesis import given

from polymath.text import unicode
from polymath.text.unicode import SCRIPTS, UNSPACED

from .text_samples import any_texts, is_word_char, lowered, quick

EVERY = [chr(code_point) for code_point in range(0x110000)]


def bit(mask: int) -> np.ndarray:
    return unicode.classes()[: len(EVERY)] & mask != 0


def test_word_characters_are_folded_to_lower_case_and_others_to_nothing():
    assert unicode.folded()[: len(EVERY)].tolist() == [ord(lowered(c)) if is_word_char(c) else 0 for c in EVERY]


def test_whitespace_and_letters_are_those_of_python():
    assert bit(unicode.SPACE).tolist() == [char.isspace() for char in EVERY]
    assert bit(unicode.ALPHABETIC).tolist() == [char.isalpha() for char in EVERY]


def test_lines_break_where_python_splits_them():
    assert bit(unicode.LINE_BREAK).tolist() == [len(f"a{char}b".splitlines()) == 2 for char in EVERY]


def test_punctuation_is_that_of_datatrove(shared_bench):
    # The prototype's table was made from datatrove's own lists: bit 4 is a symbol, 16 ends a sentence.
    known = np.load(shared_bench / "data" / "cls_table.npy")
    assert np.array_equal(bit(unicode.END_PUNCTUATION), known & 16 != 0)
    assert np.array_equal(bit(unicode.CONTENT), (known & 4 == 0) & (known & 1 == 0))


@pytest.mark.parametrize(
    ("script", "letters"),
    [
        *[("Latn", "azAZéßñžɐﬁＡ"), ("Grek", "αΩἀ"), ("Cyrl", "жЯѣ"), ("Hebr", "שא"), ("Arab", "عپﷲ"), ("Deva", "कऩ")],
        *[("Beng", "কঅ"), ("Taml", "கஅ"), ("Hang", "한ㄱᄀ"), ("Thai", "กฮาำๆ"), ("Laoo", "ກຮ"), ("Mymr", "ကအ")],
        *[("Khmr", "កអ"), ("Hira", "かんゝ"), ("Kana", "カンーｶ"), ("Hani", "漢字々𠀀"), ("Zzzz", "ԱაሀᎠ𐌀")],
        ("Zyyy", "1 _.\u0301\u0e49😀٣"),
    ],
)
def test_letters_know_their_script(script, letters):
    assert {SCRIPTS[unicode.scripts()[ord(letter)]] for letter in letters} == {script}


def test_unspaced_letters_are_those_of_unspaced_scripts():
    unspaced = [SCRIPTS[script] in UNSPACED for script in unicode.scripts()]
    assert (unicode.classes() & unicode.UNSPACED_LETTER != 0).tolist() == unspaced


@quick
@given(any_texts)
def test_what_passes_the_quick_check_is_composed(text):
    classes = unicode.composition()[[ord(char) for char in text]].tolist() if text else []
    ordered = all(after in (0, before) or after > before for before, after in itertools.pairwise(classes))
    assert not ordered or unicode.NOT_COMPOSED in classes or unicodedata.is_normalized("NFC", text)


def test_thai_vowels_and_tones_in_their_usual_order_pass_the_quick_check():
    classes = unicode.composition()[[ord(char) for char in "น้ำกี่ผู้"]].tolist()
    assert unicode.NOT_COMPOSED not in classes


def test_tables_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        unicode.folded()[0] = 1
