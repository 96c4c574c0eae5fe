"""Rows of JSON: one per line, or the elements of an array in a document of any size.

A row is cut out before it is parsed, by lines or by counting brackets outside strings: so a row that is no JSON costs
that row alone, and a row is measured before it is built. (A streaming parser such as ijson can do neither.)
"""

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain, islice
from typing import Any

import orjson

from polymath.sources.json_document import Document
from polymath.sources.options import ReadOptions
from polymath.sources.streams import BLOCK, Blocks, head_of, line_lists
from polymath.sources.unreadable import Unreadable, bad_utf8, excerpt, too_deep, too_long

# A string matches even when it is never closed: no text, however damaged, is searched twice.
STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?'
STRING_OR_BRACKET = re.compile(STRING + rb"|[\[\]{}]", re.DOTALL)
# Of the brackets that orjson reads.
DEEPEST = 1024
# A line that a document may begin with, and JSON lines may not.
ONLY_OPENING = re.compile(rb"\s*[\[{]\s*[\[{]?\s*")
# Python writes NaN and Infinity, which JSON lacks; strings are matched first so that they stay as they are.
NOT_A_NUMBER = re.compile(rb"(" + STRING + rb")|-?(?:NaN|Infinity)\b", re.DOTALL)


def read_json(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """Rows after the first `skip` of a file that is named a JSON document; one that is JSON lines is read as such."""
    return _read(blocks, name, options, skip, named_lines=False)


def read_json_lines(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """Rows after the first `skip` of a file that is named JSON lines; one that is a document is read as such."""
    return _read(blocks, name, options, skip, named_lines=True)


def _read(blocks: Blocks, name: str, options: ReadOptions, skip: int, named_lines: bool) -> Iterator[Any]:
    limit = options.max_row_bytes
    rows: Iterator[bytes]
    head, blocks = head_of(blocks, BLOCK)
    if not options.rows_at and _is_in_lines(head[:BLOCK], named_lines):
        found = line_lists(blocks, limit)
        rows = chain.from_iterable([line for line in some if not line.isspace()] for some in found)
    else:
        rows = Document(blocks, name, limit).rows(options.rows_at)
    return map(partial(parse, limit=limit, max_depth=options.max_depth), islice(rows, skip, None))


def _is_in_lines(head: bytes, named_lines: bool) -> bool:
    """Whether every line is a row, judged by the first two lines that are not blank."""
    first, *more = list(islice((line for line in head.splitlines() if line.strip()), 2)) or [b""]
    is_array = first.lstrip().startswith(b"[")
    if _is_json(first):
        return bool(more) or (named_lines and not is_array)
    if not named_lines or ONLY_OPENING.fullmatch(first):
        return False
    # The first row may be a bad one; but a line that opens an array, which goes on in the next line, is none.
    return not is_array or (not first.rstrip().endswith(b",") and any(map(_is_json, more)))


def _is_json(text: bytes) -> bool:
    return type(parse(text, len(text), DEEPEST)) is not Unreadable


def parse(row: bytes, limit: int, max_depth: int) -> Any:
    """The value that a row is the JSON of, or why it is none."""
    if len(row) > limit:
        return too_long(row, limit, ": if it holds many rows, name their place with `rows_at`; else raise `max_row_mb`")
    # Counting every bracket is quick and settles almost every row; only the rest are worth a look at how they nest.
    if row.count(b"[") + row.count(b"{") > max_depth and _depth(row) > max_depth:
        return too_deep(row, max_depth)
    try:
        return orjson.loads(row)
    except orjson.JSONDecodeError as error:
        return _parse_again(row, error)


def _parse_again(row: bytes, error: orjson.JSONDecodeError) -> Any:
    """The row with NaN and Infinity as null, or what is wrong with it."""
    try:
        row.decode()
        return orjson.loads(NOT_A_NUMBER.sub(lambda match: match[1] or b"null", row))
    except UnicodeDecodeError as bad_bytes:
        return bad_utf8(row, bad_bytes)
    except orjson.JSONDecodeError:
        return Unreadable("bad_json", str(error), excerpt(row))


def _depth(row: bytes) -> int:
    """How deep brackets nest, outside strings."""
    depth = deepest = 0
    for match in STRING_OR_BRACKET.finditer(row):
        byte = row[match.start()]
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
