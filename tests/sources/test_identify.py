import gzip

import pytest

from polymath.errors import UserError
from polymath.sources.identify import identify
from polymath.sources.options import FormatName, ReadOptions

PACKED = {"gz": b"\x1f\x8b\x08", "zst": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\x00", "bz2": b"BZh91AY&SY"}
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:8be3\nsize 875191\n"


def kind(name: str, head: bytes, raw: bytes | None = None, **options: str) -> FormatName:
    return identify(name, head if raw is None else raw, head, ReadOptions(**options))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.json", "json"),
        ("a/b.JSONL", "jsonl"),
        ("a.ndjson.zst", "jsonl"),
        ("a.csv.gz", "csv"),
        ("a.tsv", "tsv"),
        ("a.txt.xz", "text"),
        ("README.md", "text"),
        ("Posts.xml.bz2", "xml"),
    ],
)
def test_a_name_says_the_format_under_its_compression(name: str, expected: str) -> None:
    assert kind(name, b"anything", raw=PACKED.get(name.rpartition(".")[2])) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?>', "xml"),
        (b'{"a": 1}', "json"),
        (b' [\n {"a"', "json"),
        (b'{\n "a"', "json"),
        (b"PAR1....", "parquet"),
        (b"ARROW1\0\0", "arrow"),
        (b"\xff\xff\xff\xff\x80\x02", "arrow"),
        (b"[1] Smith, J. (1999)", "text"),
        (b"[ Alice 's Adventures in Wonderland ]", "text"),
        (b"Newsgroups: sci.space", "text"),
        (b"", "text"),
    ],
)
def test_without_a_known_name_the_content_decides(head: bytes, expected: str) -> None:
    assert kind("38758", head) == expected


def test_a_table_under_another_name_is_read_as_what_it_is() -> None:
    assert kind("data.json", b"PAR1....") == "parquet"
    assert kind("data.parquet", b"ARROW1\0\0") == "arrow"


def test_a_format_that_is_set_is_believed() -> None:
    assert kind("labels.json", b"a,b\n", format="csv") == "csv"
    assert kind("page.html", b"<html><p>", format="text") == "text"


@pytest.mark.parametrize(
    ("name", "head", "message"),
    [
        ("x.jsonl.gz", LFS, r"x\.jsonl\.gz: is a Git LFS pointer, not the data: run `git lfs pull`"),
        ("x.txt", LFS, "is a Git LFS pointer"),
        ("x.json", b"\n<!DOCTYPE html><html>", "is an HTML page .*not json: download the file itself again"),
        ("x.json", b"<!-- 404 --> <HTML>", "is an HTML page"),
        ("x.xml", b"<!doctype HTML>", "is an HTML page"),
        ("x.csv", b"<html><body>429", "is an HTML page"),
        ("x.json", b"<?xml version='1.0'?><Error>AccessDenied", "is not JSON, it begins with '<\\?xml"),
        ("x.jsonl", b"", "is empty: fetch it again"),
        ("x.jsonl.gz", b'{"a": 1}', "is not gzip, it begins with '{\"a\": 1}'"),
        ("x.csv.zst", b"a,b\n", "is not zstandard"),
        ("x.parquet", b"a,b\n", "is not parquet, it begins with 'a,b"),
        ("x.zip", b"a,b\n", "is not a zip archive"),
        ("x.json", b"PK\x03\x04...", "is an archive inside"),
        ("x.csv", "a,b".encode("utf-16"), "begins like UTF-16: set `encoding: utf-16`"),
        ("x.bin", b"7z\xbc\xaf\x27\x1c\0\0", "is in no known format"),
        ("weights.pkl", b"\x80\x04", "is a pickle, which runs code"),
    ],
)
def test_what_holds_no_rows_is_refused_in_one_sentence(name: str, head: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        kind(name, head)
    assert str(error.value).startswith(f"{name}: ")
    assert "\n" not in str(error.value)


def test_a_compressed_file_may_be_named_as_if_it_were_not() -> None:
    packed = gzip.compress(b"{}")
    assert kind("x.jsonl", b"{}", raw=packed) == "jsonl"
