import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources.csv_rows import read_csv, read_tsv
from polymath.sources.options import ReadOptions
from polymath.sources.unreadable import Unreadable

CELLS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["None", "N/A", "nan", "", '"', "a\nb", "a\r\nb", ",", "\0"]
)
BLOCK_SIZES = st.sampled_from([1, 3, 10_000])


def read(content: bytes, size: int = 10_000, skip: int = 0, **options: Any) -> list[Any]:
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return list(read_csv(blocks, "x.csv", ReadOptions(**options), skip))


def written(rows: list[list[str]], line_end: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()


@settings(max_examples=150)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), BLOCK_SIZES)
def test_any_cells_read_back_as_the_strings_they_are(rows: list[list[str]], line_end: str, size: int) -> None:
    content = written([["a", "b"], *rows], line_end)
    assert read(content, size) == [{"a": a, "b": b} for a, b in rows]
    assert read(content, size, skip=2) == [{"a": a, "b": b} for a, b in rows[2:]]
    assert read(written(rows, line_end), size, columns=["a", "b"]) == [{"a": a, "b": b} for a, b in rows]


@settings(max_examples=200)
@given(
    st.binary(max_size=80)
    | st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b"\xff", b" "]), max_size=40).map(b"".join),
    BLOCK_SIZES,
)
def test_any_bytes_are_rows_or_a_user_error(content: bytes, size: int) -> None:
    try:
        rows = read(content)
    except UserError:
        return
    assert read(content, size) == rows
    assert read(content, skip=1) == rows[1:]


def test_a_record_over_several_lines_is_one_row() -> None:
    rows = read(b'question,answer\n"first line\nsecond line",A\nshort,B\n')
    assert rows == [{"question": "first line\nsecond line", "answer": "A"}, {"question": "short", "answer": "B"}]


def test_a_record_with_too_many_or_too_few_cells_is_set_aside_with_both_counts() -> None:
    rows = read(b"a,b\n1,2\n1,2,3\n1\n3,4\n")
    assert [type(row) for row in rows] == [dict, Unreadable, Unreadable, dict]
    assert [row.detail for row in rows[1:3]] == ["3 cells where there are 2 columns", "1 cells where there are 2 columns"]
    assert rows[1].excerpt == "1,2,3"


def test_bad_bytes_cost_only_their_record() -> None:
    rows = read(b'a,b\n1,2\n"x\ny\xff",2\n3,4\n')
    assert rows[0] == {"a": "1", "b": "2"}
    assert rows[1].reason == "bad_utf8"
    assert rows[2] == {"a": "3", "b": "4"}


def test_blank_lines_are_no_rows() -> None:
    assert read(b"a\n\n1\n\r\n\n2\n") == [{"a": "1"}, {"a": "2"}]


def test_columns_of_one_name_all_keep_their_cells() -> None:
    assert read(b"a,a,,\n1,2,3,4\n") == [{"a": "1", "a.1": "2", "": "3", ".1": "4"}]


@pytest.mark.parametrize("size", [1, 10_000])
def test_a_record_that_is_too_long_is_set_aside_and_the_next_one_read(size: int) -> None:
    for long in (b"x" * 3000, b'"' + b"x\n" * 1500 + b'"', b'"' + b'a\n","' * 600 + b'"'):
        rows = read(b"a,b\n1,2\n" + long + b",2\n3,4\n", size, max_row_mb=0.001)
        assert rows[0] == {"a": "1", "b": "2"}
        assert rows[1].reason == "too_long"
        assert rows[-1] == {"a": "3", "b": "4"}


def test_a_quote_that_is_never_closed_is_an_error_with_its_line_and_the_way_out() -> None:
    content = b'a,b\n1,2\n"3,4\n5,6\n'
    with pytest.raises(UserError, match=r"record at line 3 is never closed.*`quote: ''`"):
        read(content)
    assert read(content, quote="")[1] == {"a": '"3', "b": "4"}


def test_a_header_that_is_not_utf8_is_an_error() -> None:
    with pytest.raises(UserError, match="the header cannot be read"):
        read(b"a\xff,b\n1,2\n")


def test_tsv_has_tabs_and_another_delimiter_can_be_set() -> None:
    rows = list(read_tsv(iter([b"a\tb\n5'9\" tall\tx,y\n"]), "x.tsv", ReadOptions(), 0))
    assert rows == [{"a": "5'9\" tall", "b": "x,y"}]
    assert read(b"a;b\n1;2\n", delimiter=";") == [{"a": "1", "b": "2"}]
