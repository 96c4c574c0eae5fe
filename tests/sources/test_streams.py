import bz2
import gzip
import lzma
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.sources import streams
from polymath.sources.streams import as_utf8, compression_of, decompress, head_of, lines, spooled

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstandard.compress,
}


def unpack(packed: bytes, size: int = 1000, max_ratio: float = 200) -> bytes:
    compression = compression_of(packed)
    assert compression
    blocks = (packed[at : at + size] for at in range(0, len(packed), size))
    return b"".join(decompress(blocks, compression, "x.gz", max_ratio))


@pytest.mark.parametrize("kind", PACKERS)
@settings(max_examples=25)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=3), size=st.sampled_from([1, 7, 1000]))
def test_streams_one_after_another_unpack_as_one(kind: str, parts: list[bytes], size: int) -> None:
    packed = b"".join(map(PACKERS[kind], parts))
    assert unpack(packed, size) == b"".join(parts)


@pytest.mark.parametrize("kind", PACKERS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_file_that_is_cut_off_anywhere_is_an_error(kind: str, data: st.DataObject) -> None:
    packed = PACKERS[kind](b"some text that is long enough to be cut " * 20)
    kept = packed[: data.draw(st.integers(10, len(packed) - 1))]
    with pytest.raises(UserError, match=rf"x\.gz: the {kind} data is (cut off|damaged)"):
        unpack(kept)


@pytest.mark.parametrize("kind", PACKERS)
def test_damage_is_an_error_and_zeros_after_the_end_are_not(kind: str) -> None:
    packed = PACKERS[kind](bytes(range(256)) * 50)
    assert unpack(packed + b"\0" * 512) == bytes(range(256)) * 50
    with pytest.raises(UserError, match=rf"the {kind} data is damaged near byte"):
        unpack(packed + b"rubbish that is no stream")


def test_a_bomb_is_refused_by_its_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BOMB_BYTES", 1_000_000)
    packed = gzip.compress(bytes(5_000_000))
    with pytest.raises(UserError, match=r"x\.gz: unpacks to over 200 times its size.*`max_ratio`"):
        unpack(packed)
    assert len(unpack(packed, max_ratio=2000)) == 5_000_000


def test_a_window_of_two_gigabytes_is_allowed() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=31, enable_ldm=True)
    machine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert unpack(machine.compress(b"forum") + machine.flush()) == b"forum"


def test_text_that_begins_like_bzip2_is_not_taken_for_it() -> None:
    assert compression_of(b"BZh is how bzip2 begins") is None


@settings(max_examples=200)
@given(
    st.binary(max_size=40) | st.text("a\r\n", max_size=30).map(str.encode), st.sampled_from([1, 2, 3, 100]), st.integers(1, 8)
)
def test_lines_end_where_python_ends_them_and_long_ones_are_cut(content: bytes, size: int, limit: int) -> None:
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    found = list(lines(blocks, limit))
    expected = content.splitlines(keepends=True)
    assert [line if len(line) <= limit else None for line in expected] == [
        line if len(line) <= limit else None for line in found
    ]
    assert all(len(line) <= limit + 1 for line in found)
    assert [line[:limit] for line in found] == [line[:limit] for line in expected]


def test_the_head_is_as_long_as_asked_and_not_missing_afterwards() -> None:
    head, blocks = head_of(iter([b"ab", b"cd", b"ef"]), 3)
    assert head == b"abcd"
    assert b"".join(blocks) == b"abcdef"
    assert head_of(iter([]))[0] == b""


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp874", "gb18030", "utf-8-sig"])
@pytest.mark.parametrize("size", [1, 100])
def test_text_of_any_encoding_becomes_utf8(encoding: str, size: int) -> None:
    text = {"latin-1": "café", "cp874": "ภาษาไทย", "gb18030": "中文"}.get(encoding, "é中ภ")
    content = text.encode(encoding)
    blocks = (content[at : at + size] for at in range(0, len(content), size))
    assert b"".join(as_utf8(blocks, encoding, "x")).decode() == text


def test_a_byte_order_mark_is_dropped_and_bad_bytes_stay_bad() -> None:
    assert b"".join(as_utf8(iter([b"\xef\xbb\xbfa\xff"]), "utf-8", "x")) == b"a\xff"
    for encoding, content in (("ascii", b"a\xe9b"), ("utf-16-le", b"a\0\x00\xd8b\0"), ("cp1252", b"a\x81b")):
        with pytest.raises(UnicodeDecodeError):
            b"".join(as_utf8(iter([content]), encoding, "x")).decode()


def test_spooled_blocks_can_be_read_in_any_order() -> None:
    with spooled(iter([b"abc", b"def"])) as stream:
        assert stream.read() == b"abcdef"
        stream.seek(2)
        assert stream.read(2) == b"cd"


@pytest.mark.parametrize(("encoding", "content"), [("utf-7", b"a +2AA- b"), ("raw_unicode_escape", b"\\ud800")])
def test_a_surrogate_that_an_encoding_lets_through_is_no_utf8(encoding: str, content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        b"".join(as_utf8(iter([content]), encoding, "x")).decode()


def test_text_that_is_not_in_its_encoding_at_all_is_an_error_with_the_files_name() -> None:
    with pytest.raises(UserError, match=r"x\.txt: cannot be decoded \(UTF-16 stream does not start with BOM\): name its"):
        list(as_utf8(iter([b"a\0b\0"]), "utf-16", "x.txt"))
