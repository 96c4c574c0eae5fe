"""Texts for property tests, and the settings under which they run."""

import pyarrow as pa
from hypothesis import settings
from hypothesis import strategies as st

from polymath.text.buffers import Strings, as_strings

quick = settings(max_examples=60, deadline=None)
"""Few examples and no deadline: the first call of a kernel loads it."""

_CHARACTERS = [
    *"abcABCzZ019_ .,!?#-\n\n\t'",
    *("é", "ß", "İ", "Σ", "ς", "ж", "ñ", "e\u0301", "\u0301", "\u0e33", "\u0e49", "\u0e38", "…", "•", "“", "\u00a0", "\u3000", "\u200d"),
    *("ก", "ข", "ม", "า", "ี", "漢", "字", "か", "カ", "ー", "한", "ש", "ع", "क", "ि", "က", "ក", "😀", "𝒳"),
    *("\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x00", "\ufeff", "。", "？", "।"),
]

short_texts = st.lists(st.sampled_from(_CHARACTERS), max_size=60).map("".join)
"""Texts in which separators, marks and scripts meet often."""

any_texts = st.one_of(short_texts, st.text(max_size=40))
"""The same, and texts of any code points at all."""

repetitive_texts = st.lists(st.sampled_from(["a", "b", "ab", "the", "of", "...", "-", "a.", "\n", "\n\n", " \n"]), max_size=60).map(" ".join)
"""Texts that repeat words, lines and paragraphs, also such that words are equal only when written together."""


def strings_of(texts: list[str | None]) -> Strings:
    """Texts as kernels take them."""
    return as_strings(pa.array(texts, pa.large_string()))
