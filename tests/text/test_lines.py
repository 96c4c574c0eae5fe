import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from polymath.text import lines, unicode

from .text_samples import any_texts, quick


def bytes_of(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@quick
@given(st.text("ab\n\x0b\x8a", max_size=40), st.integers(0, 40))
def test_the_next_newline_is_found(text, start):
    value = text.encode()
    found = value.find(b"\n", start)
    if start <= len(value):
        assert lines.find_newline(bytes_of(text), start) == (found if found >= 0 else len(value))


@quick
@given(any_texts)
def test_whitespace_is_skipped_as_python_strips_it(text):
    left, right = len(text.encode()) - len(text.lstrip().encode()), len(text.rstrip().encode())
    assert lines.skip_space(bytes_of(text), unicode.classes()) == left
    assert lines.trim_space(bytes_of(text), unicode.classes()) == right


@quick
@given(any_texts)
def test_other_breaks_are_noticed_if_python_splits_at_them(text):
    without_newlines = text.replace("\n", "")
    assert lines.has_other_breaks(bytes_of(text)) == (len(f"{without_newlines}x".splitlines()) > 1)


@quick
@given(st.text(".…a \u3000", max_size=30))
def test_ellipses_are_found_as_python_finds_them(text):
    assert lines.count_ellipses(bytes_of(text)) == text.count("...") + text.count("…")
    assert lines.ends_in_ellipsis(bytes_of(text), unicode.classes()) == text.rstrip().endswith(("...", "…"))
