from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources.options import ReadOptions
from polymath.sources.streams import as_utf8
from polymath.sources.unreadable import Unreadable
from polymath.sources.xml_rows import read_xml

NAMES = st.sampled_from(["Id", "Body", "dc:title", "Übung", "x-1"])
# What XML can hold; the rest of Unicode is refused by the standard.
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=10)
SHARDS = st.sampled_from(
    [b"<r>", b"</r>", b"<row", b"/>", b">", b' a="', b'"', b"<row/>", b"&", b"&#0;", b"\xff", b"<!--", b"x", b"<"]
)
BLOCK_SIZES = st.sampled_from([1, 5, 10_000])


def read(content: bytes, size: int = 10_000, skip: int = 0, **options: Any) -> list[Any]:
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    return list(read_xml(blocks, "x.xml", ReadOptions(**options), skip))


def reasons(rows: list[Any]) -> list[str | None]:
    return [row.reason if isinstance(row, Unreadable) else None for row in rows]


@settings(max_examples=100)
@given(st.lists(st.dictionaries(NAMES, TEXT, min_size=1), max_size=4), BLOCK_SIZES)
def test_attributes_read_back(rows: list[dict[str, str]], size: int) -> None:
    tags = "\n".join(f"<row {' '.join(f'{key}={quoteattr(value)}' for key, value in row.items())} />" for row in rows)
    content = f'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n{tags}\n</posts>'.encode()
    assert read(content, size) == rows
    assert read(content, size, skip=1) == rows[1:]


@settings(max_examples=60)
@given(st.lists(st.dictionaries(NAMES, TEXT, min_size=1), max_size=4), BLOCK_SIZES)
def test_child_elements_read_back(rows: list[dict[str, str]], size: int) -> None:
    tags = "".join(f"<row>{''.join(f'<{k}>{escape(v)}</{k}>' for k, v in row.items())}</row>" for row in rows)
    assert read(f"<posts>{tags}</posts>".encode(), size) == rows


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.lists(SHARDS, max_size=20).map(lambda parts: b"<r><row/>" + b"".join(parts) + b"</r>"))
def test_any_bytes_are_rows_or_a_user_error(content: bytes) -> None:
    try:
        rows = read(content)
    except UserError:
        return
    assert read(content, skip=1) == rows[1:]


def test_a_dump_of_posts_keeps_its_html_as_text() -> None:
    content = b'<posts><row Id="1" Body="&lt;p&gt;a &amp;amp; b&lt;/p&gt;&#xA;" Tags="&lt;x&gt;" /></posts>'
    assert read(content) == [{"Id": "1", "Body": "<p>a &amp; b</p>\n", "Tags": "<x>"}]


def test_elements_nest_repeat_and_mix_with_text() -> None:
    content = b"""<corpus><doc id="7"><title>T</title><tag>a</tag><tag>b</tag><tag>c</tag>
        <meta lang="en"><year>1999</year></meta><body>some <b>bold</b> words</body></doc><doc>only text</doc></corpus>"""
    assert read(content) == [
        {
            "id": "7",
            "title": "T",
            "tag": ["a", "b", "c"],
            "meta": {"lang": "en", "year": "1999"},
            "body": {"text": "some bold words", "b": "bold"},
        },
        {"text": "only text"},
    ]


def test_text_beside_an_attribute_called_text_is_kept() -> None:
    assert read(b'<r><row text="label">content</row></r>') == [{"#text": "content", "text": "label"}]


def test_the_row_element_may_stand_deeper() -> None:
    content = b"<a><meta><x/></meta><pages><page>1</page><page>2</page></pages></a>"
    assert read(content, row_tag="page") == [{"text": "1"}, {"text": "2"}]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (b'<row a="&#x1F;"/>', "bad_xml"),
        (b'<row a="\xff"/>', "bad_utf8"),
        (b'<row a="1" a="2"/>', "bad_xml"),
        (b"<row><b></row>", "bad_xml"),
        (b'<row a="1 />', "bad_xml"),
        (b"<row>AT&T</row>", "bad_xml"),
        (b"<row>&nbsp;</row>", "bad_xml"),
        (b"<row>" + b"<b>" * 201 + b"x" + b"</b>" * 201 + b"</row>", "too_deep"),
        (b"<row>" + b"x" * 2000 + b"</row>", "too_long"),
        (b'<row a="' + b"x" * 2000 + b'"/>', "too_long"),
    ],
)
@pytest.mark.parametrize("size", [7, 100, 10_000])
def test_a_row_that_is_damaged_costs_only_itself(damage: bytes, reason: str, size: int) -> None:
    content = b'<?xml version="1.0"?>\n<rows><group>\n<row n="0"/>\n' + damage + b'\n<row n="2"/></group><row n="3"/></rows>'
    limit = 0.001 if reason == "too_long" else 50
    rows = read(content, size, row_tag="row", max_row_mb=limit)
    assert reasons(rows) == [None, reason, None, None]
    assert [rows[0], *rows[2:]] == [{"n": "0"}, {"n": "2"}, {"n": "3"}]


def test_the_first_row_may_be_the_damaged_one() -> None:
    assert reasons(read(b'<rows>\n<row a="&#0;"/>\n<row a="1"/></rows>')) == ["bad_xml", None]


def test_after_damage_rows_of_every_tag_seen_before_are_found() -> None:
    content = b'<r><post n="0"/><comment n="1"/>\n<post n="&#0;"/>\n<comment n="3"/><post n="4"/></r>'
    rows = read(content)
    assert reasons(rows) == [None, None, "bad_xml", None, None]
    assert rows[3:] == [{"n": "3"}, {"n": "4"}]
    assert rows[2].excerpt.startswith('<post n="&#0;"/>')


def test_a_file_that_breaks_off_is_an_error() -> None:
    with pytest.raises(UserError, match=r"x\.xml: the XML breaks off"):
        read(b"<rows><row a='1'/><row>")


@pytest.mark.parametrize("content", [b"no xml", b"<a></a><b></b>", b"</a>"])
def test_what_is_no_xml_is_an_error(content: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.xml: is not XML with rows"):
        read(content)


def test_an_encoding_that_expat_lacks_can_be_named() -> None:
    content = '<?xml version="1.0" encoding="gb18030"?><r><row a="中文"/></r>'.encode("gb18030")
    with pytest.raises(UserError, match=r"cannot be decoded .*: name its `encoding`"):
        read(content)
    blocks = as_utf8(iter([content]), "gb18030", "x")
    assert list(read_xml(blocks, "x.xml", ReadOptions(encoding="gb18030"), 0)) == [{"a": "中文"}]


@pytest.mark.parametrize(
    "declaration",
    [b'<!DOCTYPE r [<!ENTITY x "boom">]>', b'<!DOCTYPE r SYSTEM "file:///etc/passwd">', b"<!DOCTYPE r>"],
)
def test_a_dtd_is_refused(declaration: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.xml: has a DTD"):
        read(declaration + b"<r><row>&x;</row></r>")


def test_a_declared_encoding_is_obeyed_even_after_a_damaged_row() -> None:
    content = '<?xml version="1.0" encoding="iso-8859-1"?><r><row a="é"/><row a="&#0;"/><row a="é"/></r>'.encode("latin-1")
    rows = read(content)
    assert reasons(rows) == [None, "bad_xml", None]
    assert rows[2] == {"a": "é"}


def test_elements_that_nest_without_end_before_any_row_are_an_error() -> None:
    with pytest.raises(UserError, match=r"x\.xml: its elements nest more than 200 deep before any row begins: name the row's"):
        read(b"<a>" * 5000, row_tag="row")


def test_a_row_of_many_empty_elements_is_measured_too() -> None:
    rows = read(b"<r><row><a>1</a></row><row>" + b"<b/>" * 5000 + b"</row><row><a>2</a></row></r>", max_row_mb=0.01)
    assert reasons(rows) == [None, "too_long", None]
