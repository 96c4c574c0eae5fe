import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources.json_rows import read_json, read_json_lines
from polymath.sources.options import ReadOptions
from polymath.sources.unreadable import Unreadable

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)
RECORDS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6)
BLOCK_SIZES = st.sampled_from([1, 2, 7, 64, 10_000])
# What structure is made of, so that random bytes often look like JSON.
SHARDS = st.sampled_from(
    [b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\n", b" ", b"1", b"true", b'"a"', b"\xff", b"{}", b"\r"]
)
BYTES = st.binary(max_size=60) | st.lists(SHARDS, max_size=30).map(b"".join)


def blocks(content: bytes, size: int = 10_000) -> Any:
    return (content[at : at + size] for at in range(0, len(content), size))


def document(content: bytes, size: int = 10_000, skip: int = 0, **options: Any) -> list[Any]:
    return list(read_json(blocks(content, size), "x.json", ReadOptions(**options), skip))


def in_lines(content: bytes, size: int = 10_000, skip: int = 0, **options: Any) -> list[Any]:
    return list(read_json_lines(blocks(content, size), "x.jsonl", ReadOptions(**options), skip))


def reasons(rows: list[Any]) -> list[str | None]:
    """The reason of each unreadable row, None for each good one."""
    return [row.reason if isinstance(row, Unreadable) else None for row in rows]


@settings(max_examples=150)
@given(st.lists(VALUES, max_size=6), st.sampled_from([None, 2]), st.booleans(), BLOCK_SIZES)
def test_an_array_reads_back_whatever_is_in_it_and_wherever_blocks_end(
    values: list[Any], indent: int | None, ascii_only: bool, size: int
) -> None:
    content = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    assert document(content, size) == values
    assert in_lines(content, size) == values


@settings(max_examples=100)
@given(RECORDS, BLOCK_SIZES, st.sampled_from([b"\n", b"\r\n", b"\n\n \n"]))
def test_json_lines_read_back_under_either_name(records: list[Any], size: int, line_end: bytes) -> None:
    content = b"".join(orjson.dumps(record) + line_end for record in records)
    assert in_lines(content, size) == records
    assert document(content, size) == records


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.text(), VALUES, min_size=1, max_size=4), max_size=4), BLOCK_SIZES)
def test_pretty_printed_objects_one_after_another_are_rows(records: list[Any], size: int) -> None:
    content = "\n".join(json.dumps(record, indent=1) for record in records).encode()
    assert document(content, size) == records
    assert in_lines(content, size) == records


@settings(max_examples=300)
@given(BYTES, BLOCK_SIZES, st.integers(0, 4))
def test_any_bytes_are_rows_or_a_user_error_and_can_be_resumed(content: bytes, size: int, skip: int) -> None:
    for read in (document, in_lines):
        try:
            rows = read(content)
        except UserError:
            with pytest.raises(UserError):
                read(content, size)
            continue
        assert read(content, size) == rows
        assert read(content, skip=skip) == rows[skip:]


@settings(max_examples=200)
@given(st.lists(BYTES, max_size=5))
def test_every_line_that_is_not_blank_is_one_row_good_or_bad(damaged: list[bytes]) -> None:
    content = b'{"first": 1}\n{"second": 2}\n' + b"\n".join(damaged)
    assert len(in_lines(content)) == sum(not line.isspace() for line in content.splitlines() if line)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b'{"a": tru}', "bad_json"),
        (b'{"a": "one "quoted" word"}', "bad_json"),
        (b'{"a": "broken \\ud800 pair"}', "bad_json"),
        (b'{"a": "not \xff UTF-8"}', "bad_utf8"),
        (b'{"a": [1, 2}', "bad_json"),
        (b'{"a": "a raw\nline end"}', "bad_json"),
        (b'{"a": "a raw\\\nline end after a backslash"}', "bad_json"),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep"),
        (b'{"a": "' + b"x" * 2000 + b'"}', "too_long"),
        (b'{"a": "' + b"[\\\\" * 500 + b'"}', "too_long"),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_row_that_is_no_json_costs_only_itself_in_an_array(damage: bytes, reason: str, size: int) -> None:
    limit = 0.001 if reason == "too_long" else 50
    content = b'[{"before": 1},\n ' + damage + b',\n {"after": [1, "]"]}]'
    assert reasons(document(content, size, max_row_mb=limit)) == [None, reason, None]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b'{"a": "open', "bad_json"),
        (b'"\\udc00"', "bad_json"),
        (b'"\xed\xa0\x80"', "bad_utf8"),
        (b"{} {}", "bad_json"),
        (b"[" * 10_000, "too_deep"),
        (b'{"a":' * 201 + b"1" + b"}" * 201, "too_deep"),
        (b'"' + b"x" * 2000 + b'"', "too_long"),
    ],
)
@pytest.mark.parametrize("size", [1, 10_000])
def test_a_row_that_is_no_json_costs_only_itself_in_json_lines(damage: bytes, reason: str, size: int) -> None:
    content = b'{"before": 1}\n' + damage + b'\n{"after": 1}\n'
    assert reasons(in_lines(content, size, max_row_mb=0.001 if reason == "too_long" else 50)) == [None, reason, None]


def test_a_first_line_that_is_no_json_does_not_make_json_lines_a_document() -> None:
    for first in (b'{"a": "cut off, ', b'{"a": 1,', b"<oops>", b"[1, 2"):
        assert reasons(in_lines(first + b'\n{"b": 1}\n{"c": 1}\n')) == ["bad_json", None, None]


def test_an_array_under_the_name_of_json_lines_is_read_in_any_layout() -> None:
    for content in (b'[{"a": 1}, {"a": 2}]', b'[\n{"a": 1},\n{"a": 2}]', b'[{"a": 1},\n{"a": 2}\n]', b'[{\n"a": 1}, {"a": 2}]'):
        assert in_lines(content) == [{"a": 1}, {"a": 2}]


def test_brackets_in_strings_and_side_by_side_are_not_depth() -> None:
    wide = {"text": "[{" * 500, "list": [[] for _ in range(500)]}
    assert in_lines(orjson.dumps(wide)) == [wide]


def test_nul_in_a_json_string_is_kept() -> None:
    assert in_lines(b'{"a": "x\\u0000y"}') == [{"a": "x\0y"}]


def test_nan_and_infinity_as_python_writes_them_are_null_and_strings_stay() -> None:
    assert in_lines(b'{"a": NaN, "b": [-Infinity, 1], "c": "NaN \\" Infinity"}') == [
        {"a": None, "b": [None, 1], "c": 'NaN " Infinity'}
    ]


def test_an_object_is_one_row_unless_its_array_is_named() -> None:
    content = json.dumps({"canary": "no", "examples": [{"input": 1}, {"input": 2}]}).encode()
    assert document(content) == [{"canary": "no", "examples": [{"input": 1}, {"input": 2}]}]
    assert document(content, rows_at="examples") == [{"input": 1}, {"input": 2}]


@settings(max_examples=50)
@given(st.lists(st.lists(VALUES, max_size=3), max_size=4), BLOCK_SIZES)
def test_rows_are_found_through_arrays_and_objects(articles: list[list[Any]], size: int) -> None:
    squad = {
        "version": [1, {"data": "not this"}],
        "data": [{"title": "[", "paragraphs": found} for found in [*articles, ["end"]]],
    }
    content = json.dumps(squad).encode()
    expected = [row for found in articles for row in found] + ["end"]
    assert document(content, size, rows_at="data.*.paragraphs") == expected
    assert document(content, size, rows_at="*.*.paragraphs") == expected


def test_a_mapping_from_names_to_rows_is_read_by_a_star() -> None:
    assert document(b'{"a": {"x": 1}, "b": {"x": 2}}', rows_at="*") == [{"x": 1}, {"x": 2}]


def test_a_path_that_leads_nowhere_is_an_error_with_the_keys_that_are_there() -> None:
    with pytest.raises(UserError, match=r"rows_at: dta`; did you mean 'data'\? Known: data, version"):
        document(b'{"version": 1, "data": []}', rows_at="dta")
    with pytest.raises(UserError, match=r"an array is on the way, `\*` goes through it"):
        document(b'{"data": [{"rows": []}]}', rows_at="data.rows")


@pytest.mark.parametrize(
    "content", [b'[{"a": 1}, {"b": ', b'[{"a": 1}', b'[{"a": 1, {"b": 2}]', b'{"data": [1', b'{"data" 1}', b'["open]']
)
def test_a_document_that_breaks_off_is_an_error_with_the_byte(content: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.json: .*(breaks off at byte \d+|nothing stands)"):
        document(content, rows_at="data" if b"data" in content else "")


def test_values_without_commas_or_with_too_many_are_still_rows() -> None:
    assert document(b'[{"a": 1} {"b": 2},, "c",]') == [{"a": 1}, {"b": 2}, "c"]
    assert document(b'{"a": 1}{"b": 2},{"c": 3}') == [{"a": 1}, {"b": 2}, {"c": 3}]


def test_a_long_row_is_measured_and_never_held() -> None:
    def endless() -> Any:
        yield b'[{"a": "'
        for _ in range(2000):
            yield b'x\\"[' * 1000
        yield b'"}, {"b": 1}]'

    rows = list(read_json(endless(), "x.json", ReadOptions(max_row_mb=0.01), 0))
    assert reasons(rows) == ["too_long", None]
    assert rows[0].excerpt.startswith('{"a": "x')
    assert rows[1] == {"b": 1}


def test_an_excerpt_is_short_and_printable() -> None:
    [row] = in_lines(b'{"a": "\x1b[31m\xff\xe2\x80\xae' + b"x" * 500)
    assert len(row.excerpt) <= 200
    assert row.excerpt.isprintable()
