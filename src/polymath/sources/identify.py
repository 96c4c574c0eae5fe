"""What a file is: by its name, by its first bytes where the name says nothing or lies, and what is refused on sight."""

import re

from polymath.errors import UserError
from polymath.sources.options import FormatName, ReadOptions
from polymath.sources.streams import compression_named, compression_of
from polymath.sources.unreadable import excerpt

SUFFIXES: dict[str, FormatName] = {
    "json": "json",
    "jsonl": "jsonl", "ndjson": "jsonl", "jsonlines": "jsonl",
    "csv": "csv",
    "tsv": "tsv", "tab": "tsv",
    "parquet": "parquet", "pq": "parquet",
    "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
    "txt": "text", "text": "text", "md": "text", "rst": "text", "tex": "text", "lst": "text",
    "xml": "xml",
}  # fmt: skip
PICKLES = {"pkl", "pickle", "pt", "pth", "joblib"}

LFS_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/")
MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<")
HTML = re.compile(rb"(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html)\b", re.IGNORECASE | re.DOTALL)
XML = re.compile(rb"(\xef\xbb\xbf)?\s*<\?xml\b")
# Only brackets that open on a string or on more brackets: prose may well begin with "[1] Smith".
JSON = re.compile(rb'(\xef\xbb\xbf)?\s*(\{\s*["}]|\[\s*["\[{\]])')
UTF16 = (b"\xff\xfe", b"\xfe\xff")
PARQUET = b"PAR1"
ARROW_FILE, ARROW_STREAM = b"ARROW1", b"\xff\xff\xff\xff"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
TAR_MAGIC = slice(257, 262)
TAR_NAME = re.compile(r"\.(tar(\.\w+)?|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)


def is_zip(head: bytes) -> bool:
    """Whether a file that begins with `head` is a zip archive."""
    return head.startswith(ZIP)


def is_tar(name: str, head: bytes) -> bool:
    """Whether a file is a tar archive; `head` is how it begins once decompressed. Old ones are known by name only."""
    return head[TAR_MAGIC] == b"ustar" or TAR_NAME.search(name) is not None


def identify(name: str, raw: bytes, head: bytes, options: ReadOptions) -> FormatName:
    """The format of a file that begins with `raw`, and with `head` once decompressed; refuses what holds no rows."""
    named = options.format if options.format != "auto" else _by_name(name)
    refuse_placeholder(name, head, named or "text")
    if (claimed := compression_named(name)) and not compression_of(raw):
        raise UserError(f"{name}: is not {claimed.name}, it begins with '{begins(raw)}': fetch it again, or rename it")
    if is_zip(head) or is_tar(name, head):
        raise UserError(f"{name}: is an archive inside an archive or a compressed file: unpack it first")
    if name.lower().endswith(".zip"):
        raise UserError(f"{name}: is not a zip archive, it begins with '{begins(head)}': fetch it again, or rename it")
    magic = _by_magic(head) if options.format == "auto" else None
    kind = magic or named or _by_content(name, head)
    _check_head(name, head, kind, options.encoding)
    return kind


def refuse_placeholder(name: str, head: bytes, kind: str) -> None:
    """Refuse what downloads leave behind in the place of data."""
    if LFS_POINTER.match(head):
        raise UserError(f"{name}: is a Git LFS pointer, not the data: run `git lfs pull`, or download the file itself")
    if kind != "text" and HTML.match(head):
        raise UserError(f"{name}: is an HTML page (an error, a login?), not {kind}: download the file itself again")
    if kind != "text" and not head:
        raise UserError(f"{name}: is empty: fetch it again, or leave it out of `path`")


def begins(head: bytes) -> str:
    """How a file begins, for a message."""
    return excerpt(head[:24])


def _by_name(name: str) -> FormatName | None:
    base = name.rsplit("/", 1)[-1].lower()
    if compression := compression_named(base):
        base = base.removesuffix(next(end for end in compression.suffixes if base.endswith(end)))
    suffix = base.rpartition(".")[2]
    if suffix in PICKLES:
        raise UserError(f"{name}: is a pickle, which runs code when it is read: convert it to jsonl or parquet")
    return SUFFIXES.get(suffix)


def _by_content(name: str, head: bytes) -> FormatName:
    if XML.match(head):
        return "xml"
    if JSON.match(head):
        return "json"
    if b"\0" in head[:1024] and not head.startswith(UTF16):
        raise UserError(f"{name}: is in no known format, it begins with '{begins(head)}': set `format` or leave it out")
    return "text"


def _by_magic(head: bytes) -> FormatName | None:
    if head.startswith(PARQUET):
        return "parquet"
    return "arrow" if head.startswith((ARROW_FILE, ARROW_STREAM)) else None


def _check_head(name: str, head: bytes, kind: FormatName, encoding: str) -> None:
    """What a format's first bytes must or cannot be; a whole file of bad rows would say less."""
    if kind == "parquet" and not head.startswith(PARQUET):
        raise UserError(f"{name}: is not parquet, it begins with '{begins(head)}': set `format`, or fetch it again")
    if kind in ("json", "jsonl") and MARKUP.match(head):
        raise UserError(f"{name}: is not JSON, it begins with '{begins(head)}': fetch it again, or set `format`")
    if kind not in ("parquet", "arrow") and encoding == "utf-8" and head.startswith(UTF16):
        raise UserError(f"{name}: begins like UTF-16: set `encoding: utf-16`")
