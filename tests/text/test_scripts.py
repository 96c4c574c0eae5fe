import unicodedata

import pytest
from hypothesis import given

from polymath.text import unicode
from polymath.text.scripts import count_letters, main_scripts
from polymath.text.unicode import SCRIPTS

from .text_samples import any_texts, quick, strings_of


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", "Zyyy"),
        ("123 ... \u0301 😀", "Zyyy"),
        ("plain English, naïve café", "Latn"),
        ("Это предложение по-русски, with English", "Cyrl"),
        ("ผู้หญิงที่นั่งกินข้าว OK", "Thai"),
        ("汉字没有假名", "Hani"),
        ("漢字とかなが混ざる文", "Jpan"),
        ("漢" * 19 + "の", "Jpan"),
        ("漢" * 20 + "の", "Hani"),
        ("ひらがなだけ", "Hira"),
        ("カタカナとアルファベット", "Kana"),
        ("한국어 문장", "Hang"),
        ("ქართული ენა", "Zzzz"),
        ("aя", "Latn"),
    ],
)
def test_a_text_is_in_the_script_of_most_of_its_letters(text, script):
    assert SCRIPTS[main_scripts(strings_of([text]))[0]] == script


def test_japanese_is_japanese_in_latin_company():
    assert SCRIPTS[main_scripts(strings_of(["Python で書かれた文章を読む"]))[0]] == "Jpan"


@quick
@given(any_texts)
def test_letters_are_counted_by_script(text):
    letters = [char for char in text if unicodedata.category(char)[0] == "L"]
    by_script = count_letters(strings_of([text]))[0]
    assert by_script.sum() == len(letters)
    assert all(by_script[unicode.scripts()[ord(letter)]] > 0 for letter in letters)
