"""Texts for property tests, and the settings under which they run."""

import unicodedata

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from polymath.text.buffers import Strings, as_strings

quick = settings(max_examples=60, deadline=None)
"""Few examples, and no deadline: the first call of a kernel loads it."""

_PIECES = [
    *"abcABCzZ019_ .,!?#-\n\n\t'",
    *("é", "ß", "İ", "Σ", "ς", "ж", "e\u0301", "\u0301", "\u0e33", "\u0e49", "\u0e38", "…", "•", "“", "\u00a0"),
    *("ก", "ข", "ม", "า", "ี", "漢", "字", "か", "カ", "ー", "한", "ש", "ع", "क", "ि", "က", "ក", "😀", "𝒳"),
    *("\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ufeff", "\u3000"),
    *("\u200d", "。", "？", "।"),
]

mixed_texts = st.lists(st.sampled_from(_PIECES), max_size=60).map("".join)
"""Texts in which separators, marks and scripts meet often."""

any_texts = st.one_of(mixed_texts, st.text(max_size=40))
"""The same, and texts of any code points."""

_WORDS = ["a", "b", "ab", "the", "of", "...", "-", "a.", "\n", "\n\n", " \n"]

repetitive_texts = st.lists(st.sampled_from(_WORDS), max_size=60).map(" ".join)
"""Texts that repeat words, lines and paragraphs, also words that are equal only when written together."""

_UNSPACED = ["ก", "ข", "มา", "ดี", "漢", "字", "か", " ", "a", "。"]

unspaced_texts = st.lists(st.sampled_from(_UNSPACED), max_size=40).map("".join)
"""Texts mostly in scripts without spaces between words."""


def strings_of(texts: list[str | None]) -> Strings:
    """Texts as kernels take them."""
    return as_strings(pa.array(texts, pa.large_string()))


def words_of(text: str) -> list[str]:
    """The words of a text, lower-cased, found slowly: runs of letters, numbers, underscores and combining marks."""
    return "".join(lowered(char) if is_word_char(char) else " " for char in text).split()


def chars_of(text: str) -> str:
    """The word characters of a text, lower-cased, one behind the other."""
    return "".join(lowered(char) for char in text if is_word_char(char))


def is_word_char(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def lowered(char: str) -> str:
    return char.lower() if len(char.lower()) == 1 else char
