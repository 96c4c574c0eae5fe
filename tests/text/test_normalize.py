import unicodedata

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polymath.text import normalize as module
from polymath.text.normalize import normalize, scan

from .text_samples import any_texts, quick, strings_of

_TANGLES = [
    *(
        "&",
        "amp;",
        "lt;",
        "#38;",
        "&#x26;",
        "&nosuch;",
        "Ã",
        "©",
        "â€™",
        "Â",
        " ",
        "\u00a0",
        "ðŸ˜€",
        "à¸",
        "é",
        "a",
        "e",
    ),
    *("\r", "\n", "\ufeff", "\x00", "\x85", "\u0301", "\u0323", "\u1100", "\u1161", "\u0958"),
    *("ก", "\u0e49", "\u0e38"),
]

tangled_texts = st.lists(st.sampled_from(_TANGLES), max_size=12).map("".join)
"""Texts in which mending one thing may make another."""

every_text = st.one_of(any_texts, tangled_texts)


def one(text: str, **options: bool) -> str:
    return normalize(pa.array([text], pa.string()), **options)[0].as_py()


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a\r\nb\rc\n\rd", "a\nb\nc\n\nd"),
        ("\ufeffa\x00b\x07\x7f\x9f\tc", "ab\tc"),
        ("e\u0301 \u1112\u1161\u11ab", "é 한"),
        ("a\u0323\u0307 = a\u0307\u0323", "ạ̇ = ạ̇"),
        ("ก\u0e49\u0e38", "ก\u0e38\u0e49"),
        ("  \u3000 inner   spaces\n\n stay \t\n", "inner   spaces\n\n stay"),
        ("fish &amp; chips &#8217; &#x27; &lt;b&gt;", "fish & chips ’ ' <b>"),
        ("&amp;lt;p&amp;gt;", "<p>"),
        ("AT&T &copy 2020, a&b; &nosuch; &#;", "AT&T &copy 2020, a&b; &nosuch; &#;"),
        ("donâ€™t, cafÃ©, ðŸ˜€", "don’t, café, 😀"),
        ("voilÃ  le", "voilà le"),
        ("à¸ªà¸§à¸±à¸ªà¸”à¸µ", "สวัสดี"),
        ("ÉCOLE, naïve “quoted” — Ünï", "ÉCOLE, naïve “quoted” — Ünï"),
        ("", ""),
    ],
)
def test_what_is_mended(text, normal):
    assert one(text) == normal


@pytest.mark.parametrize("text", ["น้ำ", "กำลังทำ", "ผู้ใหญ่ก็รู้", "ເຂົ້າ", "👨\u200d👩\u200d👧", "می\u200cخواهم", "ﬁ ² ① ｶ"])
def test_what_is_composed_already_stays_as_it_is(text):
    array = pa.array([text])
    assert normalize(array) is array


def test_entities_and_double_encoding_stay_when_told_so():
    assert one("&lt; cafÃ© ", html=False) == "&lt; café"
    assert one("&lt; cafÃ© ", mojibake=False) == "< cafÃ©"


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_values_without_a_flag_pass_through_untouched(kind):
    clean = pa.array(["a", None, "ก", ""], kind)
    assert normalize(clean) is clean
    mixed = pa.array(["x", " a ", None, "b\r", "y"], kind)
    assert normalize(mixed).equals(pa.array(["x", "a", None, "b", "y"], kind))
    assert normalize(mixed.slice(1, 2)).to_pylist() == ["a", None]


def test_chunks_and_binaries_become_one_array_of_text():
    assert normalize(pa.chunked_array([[" a"], ["b "]])).to_pylist() == ["a", "b"]
    assert normalize(pa.array([b" a"])).equals(pa.array(["a"]))


@quick
@given(every_text)
@example("&am\x00p;")
@example("&Atilde;&copy;")
def test_normal_text_is_normal(text):
    once = one(text)
    assert one(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()


@quick
@given(every_text, st.booleans(), st.booleans())
def test_the_scan_misses_nothing_that_would_be_mended(text, html, mojibake):
    assert one(text, html=html, mojibake=mojibake) == module._mend(text, html, mojibake)


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("plain text, with\ttabs\nand 'quotes'", 0),
        ("a\rb", module.HAS_CR),
        ("a\x0bb", module.HAS_CONTROL),
        ("a\x80b", module.HAS_CONTROL | module.NON_ASCII),
        ("a\ufeffb", module.HAS_CONTROL | module.NON_ASCII),
        ("zero\u200dwidth", module.NON_ASCII),
        ("&eacute;", module.HTML_ENTITY),
        ("a & b; c", 0),
        ("cafÃ©", module.NON_ASCII | module.MOJIBAKE_SUSPECT),
        ("Ãvila žena í", module.NON_ASCII),
        ("\u3000a", module.NON_ASCII | module.EDGE_SPACE),
        ("a\n", module.EDGE_SPACE),
        ("e\u0301", module.NON_ASCII | module.MAYBE_NOT_NFC),
        ("", 0),
    ],
)
def test_what_is_flagged(text, flags):
    assert scan(strings_of([text])).tolist() == [flags]
