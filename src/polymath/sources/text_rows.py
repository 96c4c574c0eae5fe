"""Rows of plain text: the whole file, its lines, its paragraphs, or chapter-sized pieces of a book."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from polymath.sources.options import ReadOptions
from polymath.sources.streams import Blocks, lines
from polymath.sources.unreadable import Unreadable, bad_utf8, too_long

# How a part of a book begins: a word for it and its number, some words on a line of their own, a number alone.
HEADING = re.compile(
    r"""[\W_]*(?:
        (?:chapter|book|part|volume|act|scene|canto|letter|stave|section)\W+(?:\d+|[ivxlc]+|the\s\w+|one|two|three|four|five)\b
        | (?:actus|scoena|preface|prologue|epilogue|foreword|introduction|contents|appendix)\b.{0,40}$
        | (?:\d+|[ivxlc]+)\.?\s*$
        | \#{1,6}\s
        | (?:บทที่|ตอนที่)
        | 第\S{1,9}[章回節节]
    )""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
# A heading sooner than this share of a piece's words after the last cut makes none: tables of contents stay together.
LEAST_SHARE = 20
# Thai, Chinese and others write no spaces: so many bytes count as a word where spaces are rarer.
WORD_BYTES = 24


def read_text(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """Rows `{"text": ...}` after the first `skip`; what one row is, `options.unit` says."""
    source = lines(blocks, options.max_row_bytes)
    units: Iterator[bytes]
    if options.unit == "line":
        units = (line.rstrip(b"\r\n") for line in source)
    elif options.unit == "paragraph":
        units = _paragraphs(source, options.max_row_bytes)
    elif options.unit == "pieces":
        units = _pieces(source, options.max_words)
    else:
        units = _whole(source, options.max_row_bytes)
    for unit in islice(units, skip, None):
        yield _row(unit, options)


def _row(unit: bytes, options: ReadOptions) -> dict[str, str] | Unreadable:
    if len(unit) > options.max_row_bytes:
        return too_long(unit, options.max_row_bytes, ": cut it with `unit`, or raise `max_row_mb`")
    try:
        return {"text": unit.decode()}
    except UnicodeDecodeError as error:
        return bad_utf8(unit, error)


def _whole(source: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """The file, or as much of it as shows that it is too long."""
    held: list[bytes] = []
    size = 0
    for line in source:
        held.append(line)
        size += len(line)
        if size > limit:
            break
    yield b"".join(held)


def _paragraphs(source: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """What stands between blank lines; of one that is too long, as much as shows it."""
    held: list[bytes] = []
    size = 0
    for line in source:
        if not line.isspace():
            if size <= limit:
                held.append(line)
            size += len(line)
        elif held:
            yield b"".join(held).rstrip(b"\r\n")
            held, size = [], 0
    if held:
        yield b"".join(held).rstrip(b"\r\n")


def _pieces(source: Iterator[bytes], max_words: int) -> Iterator[bytes]:
    """Paragraphs joined up to `max_words`, a heading first where there is one; all pieces joined are the file."""
    held: list[bytes] = []
    words = 0
    for paragraph, more in _whole_paragraphs(source, max_words):
        opens = words * LEAST_SHARE >= max_words and HEADING.match(paragraph[:400].decode("utf-8", "replace"))
        if held and (opens or words + more > max_words):
            yield b"".join(held)
            held, words = [], 0
        held.append(paragraph)
        words += more
    if held:
        yield b"".join(held)


def _whole_paragraphs(source: Iterator[bytes], max_words: int) -> Iterator[tuple[bytes, int]]:
    """Paragraphs with the blank lines after them, and how many words each has.

    A run of lines that exceeds `max_words` without a blank one is taken for text with one paragraph per line.
    """
    held: list[bytes] = []
    words, one_per_line = 0, False
    for line in source:
        if held and held[-1].isspace() and not line.isspace():
            yield b"".join(held), words
            held, words, one_per_line = [], 0, False
        held.append(line)
        words += _words(line)
        if one_per_line or words > max_words:
            yield from ((one, _words(one)) for one in held)
            held, words, one_per_line = [], 0, not line.isspace()
    if held:
        yield b"".join(held), words


def _words(text: bytes) -> int:
    return max(len(text.split()), len(text) // WORD_BYTES)
