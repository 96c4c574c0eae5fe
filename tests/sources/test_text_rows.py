from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.sources.options import ReadOptions
from polymath.sources.text_rows import read_text
from polymath.sources.unreadable import Unreadable

LINES = st.sampled_from(
    ["CHAPTER I\n", "a few words here\n", "\n", " \r\n", "one\r", "# Head\n", "ภาษาไทย\n", "word " * 30 + "\n", "end"]
)
TEXTS = st.lists(LINES, max_size=30).map("".join)


def read(text: str | bytes, size: int = 10_000, skip: int = 0, **options: Any) -> list[Any]:
    content = text.encode() if isinstance(text, str) else text
    blocks = (content[at : at + size] for at in range(0, max(len(content), 1), size))
    rows = list(read_text(blocks, "x.txt", ReadOptions(**options), skip))
    return [row if isinstance(row, Unreadable) else row["text"] for row in rows]


@settings(max_examples=200)
@given(TEXTS, st.integers(1, 40), st.sampled_from([1, 9, 10_000]))
def test_pieces_lose_nothing_and_stay_small(text: str, max_words: int, size: int) -> None:
    pieces = read(text, size, unit="pieces", max_words=max_words)
    assert "".join(pieces) == text
    for piece in pieces:
        assert len(piece.split()) <= max_words or len(piece.splitlines()) == 1


@settings(max_examples=100)
@given(TEXTS, st.sampled_from(["file", "line", "paragraph", "pieces"]), st.integers(0, 5))
def test_a_skipped_row_is_the_same_row(text: str, unit: str, skip: int) -> None:
    assert read(text, unit=unit, max_words=5, skip=skip) == read(text, unit=unit, max_words=5)[skip:]


def test_the_whole_file_is_one_row_even_when_it_is_empty() -> None:
    assert read("a\r\n\nb\n") == ["a\r\n\nb\n"]
    assert read("") == [""]


def test_every_line_is_a_row_so_that_labels_in_another_file_still_match() -> None:
    assert read("a\n\nb\r\nc", unit="line") == ["a", "", "b", "c"]


def test_paragraphs_are_what_stands_between_blank_lines() -> None:
    assert read("\na\nb\n \n\nc\n", unit="paragraph") == ["a\nb", "c"]


def test_a_book_is_cut_at_its_chapters() -> None:
    chapters = [f"CHAPTER {n}. Title\n\n" + "Some words of the story.\n\n" * 20 for n in ("I", "II", "III")]
    assert read("".join(chapters), unit="pieces", max_words=200) == chapters


def test_a_table_of_contents_is_not_cut_to_shreds() -> None:
    contents = "Contents\n\n" + "".join(f"CHAPTER {n}. Title\n\n" for n in range(1, 9))
    assert len(read(contents, unit="pieces", max_words=2000)) == 1


def test_no_paragraph_is_cut_by_a_piece() -> None:
    paragraphs = [("word " * n).strip() + "\n\n" for n in (30, 50, 90, 10, 10, 60)]
    pieces = read("".join(paragraphs), unit="pieces", max_words=100)
    assert pieces == ["".join(paragraphs[:2]), paragraphs[2] + paragraphs[3], "".join(paragraphs[4:])]


def test_text_without_blank_lines_is_cut_between_lines_and_at_its_chapters() -> None:
    # The books that come with NLTK have one sentence a line and no blank line at all.
    chapters = [f"CHAPTER {n} Of the whale .\n" + "A sentence of six words here .\n" * 20 for n in (1, 2, 3)]
    pieces = read("".join(chapters), unit="pieces", max_words=150)
    assert pieces == chapters


def test_text_without_spaces_is_cut_too() -> None:
    paragraphs = ["中文小说没有空格" * 20 + "\n\n"] * 10
    assert len(read("".join(paragraphs), unit="pieces", max_words=50)) == 5


@pytest.mark.parametrize("unit", ["file", "line", "paragraph", "pieces"])
def test_bad_bytes_are_named_with_a_hint_at_the_encoding(unit: str) -> None:
    [row] = read(b"caf\xe9\n", unit=unit)
    assert (row.reason, row.detail) == ("bad_utf8", "byte 0xe9 at 3 is not UTF-8: has the file another `encoding`?")


@pytest.mark.parametrize("unit", ["file", "line", "paragraph", "pieces"])
def test_a_unit_that_is_too_long_is_set_aside_and_not_held(unit: str) -> None:
    content = b"x" * 5000 + b"\n\nafter\n"
    rows = read(content, 100, unit=unit, max_row_mb=0.001, max_words=10)
    assert rows[0].reason == "too_long"
    assert len(rows[0].excerpt) == 200
    assert unit == "file" or "after" in rows[-1]
