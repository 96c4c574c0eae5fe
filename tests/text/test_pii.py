import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymath.text import pii
from polymath.text.pii import mask

from .text_samples import any_texts, quick, strings_of

MASKED = [
    ("write to a.b+c@ex-ample.co.uk, please", "write to <EMAIL>, please"),
    ("<obi@linuxtv.org>", "<<EMAIL>>"),
    ("联系test@example.com谢谢", "联系<EMAIL>谢谢"),
    ("dns 8.8.8.8 and 93.184.216.34:80", "dns <IP> and <IP>:80"),
    ("http://93.184.216.34/x", "http://<IP>/x"),
    ("2001:4860:4860::8888", "<IP>"),
    ("call +66 81 234 5678 now", "call <PHONE> now"),
    ("+44 (0)20 7946 0958", "<PHONE>"),
    ("+14155552671", "<PHONE>"),
    ("(212) 555-0123, 212-555-0123, 1-212-555-0123", "<PHONE>, <PHONE>, <PHONE>"),
    ("020 7946 0958; 081-234-5678; 02-123-4567", "<PHONE>; <PHONE>; <PHONE>"),
    ("โทร0812345678ครับ", "โทร<PHONE>ครับ"),
    ("01 23 45 67 89", "<PHONE>"),
]

KEPT = [
    "@property, user@host, a@b.c, me @ home . com",
    "v1.2.3.4, version 1.2.3.4, 1.2.3.4-beta, foo-1.2.3.4, 1.2.3.4.5, 256.1.1.1, 01.02.03.04",
    "10.0.0.1 127.0.0.1 192.168.1.1 169.254.0.1 192.0.2.1 fe80::1 ::1 2001:db8::1",
    "   4.1.2.3.  Security Considerations",
    "see Section 4.1.2.3",
    "at 12:34:56, std::vector, a::b, 2020:10:11",
    "2020-01-02, 02.03.2020, 2020-01-02 12:30:45",
    "ISBN 978-0-306-40615-7, 1234567890123, 0000 0001 0002 0003, 0123 4567 8901 2345",
    "$1,234,567.89, 3.14159265358979, +1.00000000, 1 000 000 000",
    "",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_personal_data_gives_way_to_tokens(text, masked):
    array, counts = mask(pa.array([text]))
    assert array.to_pylist() == [masked]
    assert counts.tolist() == [masked.count("<EMAIL>") + masked.count("<IP>") + masked.count("<PHONE>")]


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_it_stays(text):
    array = pa.array([text])
    masked, counts = mask(array)
    assert masked is array
    assert counts.tolist() == [0]


def test_only_the_kinds_asked_for_are_masked():
    text = pa.array(["a@b.com 8.8.8.8 +14155552671"])
    assert mask(text, kinds=("ip",))[0].to_pylist() == ["a@b.com <IP> +14155552671"]
    assert mask(text, kinds=())[0] is text


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_other_values_pass_through_untouched(kind):
    array, counts = mask(pa.array(["x", None, "a@b.com", "y"], kind).slice(1))
    assert array.equals(pa.array([None, "<EMAIL>", "y"], kind))
    assert counts.tolist() == [0, 1, 0]


@quick
@given(any_texts, st.lists(st.sampled_from([text for text, _ in MASKED] + KEPT), max_size=3))
def test_the_scan_misses_nothing_that_a_pattern_finds(noise, pieces):
    text = f" {noise} ".join(["", *pieces, ""])
    flags = pii._scan(*strings_of([text]))[0]
    for search in pii._SEARCHES.values():
        assert flags & search.flag or not any(search.accepts(match) for match in search.pattern.finditer(text))


@quick
@given(st.lists(st.sampled_from([text for text, _ in MASKED] + KEPT), max_size=4).map(" | ".join))
def test_masked_text_holds_nothing_more_to_mask(text):
    once, _ = mask(pa.array([text]))
    assert mask(once)[0] is once
