"""Files for the fuzzer: rows in any format, damaged or not, alone or in wrappers, with options that may not fit them."""

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from tests.faults.fuzz_rows import Shape, rows_of, shapes

SUFFIXES = {
    "json": (".json",), "jsonl": (".jsonl", ".ndjson"), "csv": (".csv",), "tsv": (".tsv",), "parquet": (".parquet",),
    "arrow": (".arrow",), "text": (".txt", ".md"), "xml": (".xml",), "pages": (".html", ".htm"),
}  # fmt: skip
ENCODINGS = ("utf-8", "utf-8", "utf-8", "utf-8", "latin-1", "utf-16", "utf-7", "cp874", "utf-8-sig")


@dataclass(frozen=True)
class Given:
    """An input: the entry of a source whose files are in a folder, and what a person must know to make it again."""

    entry: dict[str, Any]
    shape: str
    format: str
    told: str


def make_input(seed: int, folder: Path) -> Given:
    """The input of this number, written into the folder; the same for the same number."""
    rng = random.Random(seed)
    kind = rng.choice(list(SUFFIXES))
    fitting = [name for name, shape in shapes().items() if _fits(shape, kind)]
    name = rng.choice(fitting)
    shape = shapes()[name]
    told = [f"input {seed}", name, kind]
    entry = {**shape.entry, "licence": "MIT", "kind": "pages" if kind == "pages" else "files"}
    entry["read"] = _options(kind, rng)
    for number in range(rng.choice((1, 1, 1, 2, 3))):
        data = WRITERS[kind](rows_of(shape, rng), rng)
        file = f"given{number}{rng.choice(SUFFIXES[kind])}"
        if rng.random() < 0.35:
            data, what = _damage(data, rng)
            told.append(what)
        if kind != "pages" and rng.random() < 0.4:
            file, data, what = _wrapped(file, data, rng)
            told.append(what)
            if rng.random() < 0.3:
                data, what = _damage(data, rng)
                told.append(what)
        if kind != "pages" and rng.random() < 0.05:
            file = rng.choice((f"given{number}", f"given{number}.jsonl.gz", f"given{number}.data", f"given{number}\n\x1b[1m"))
        (folder / file).write_bytes(data)
    entry["path"] = ["."] if kind == "pages" else ["given*"]
    return Given(entry, name, kind, ", ".join([*told, str(entry["read"])]))


def _fits(shape: Shape, kind: str) -> bool:
    """Text files and pages have no columns but `text`; the other formats hold any row in some way."""
    if kind in ("text", "pages"):
        return all(isinstance(row, dict) and isinstance(row.get("text"), str) for row in shape.rows)
    return True


def _options(kind: str, rng: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if rng.random() < 0.5:
        options["batch_rows"] = rng.choice((1, 2, 7))
    if rng.random() < 0.2:
        options["batch_mb"] = 0.0001
    if rng.random() < 0.15:
        options["max_row_mb"] = rng.choice((0.00002, 0.0005, 0.02))
    if rng.random() < 0.15:
        options["max_depth"] = rng.choice((1, 4, 250))
    if kind == "text":
        options |= {"unit": rng.choice(("file", "line", "paragraph", "pieces")), "max_words": rng.choice((1, 40, 2000))}
    if kind == "xml" and rng.random() < 0.5:
        options["row_tag"] = rng.choice(("row", "row", "a", "nothing"))
    if kind in ("json", "jsonl") and rng.random() < 0.1:
        options["rows_at"] = rng.choice(("data", "*", "data.*", "0"))
    if kind in ("csv", "tsv") and rng.random() < 0.1:
        options |= rng.choice(({"quote": ""}, {"delimiter": ";"}, {"columns": ["text", "label"]}))
    if kind in ("json", "csv", "text", "xml") and rng.random() < 0.15:
        options["encoding"] = rng.choice(ENCODINGS)
    if rng.random() < 0.04:
        options["format"] = rng.choice([name for name in SUFFIXES if name != "pages"])
    return options


def _dumped(value: Any, rng: random.Random) -> bytes:
    """JSON as Python writes it, which has NaN, and surrogates as escapes or as bytes that are no UTF-8."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, None, 1)))
    return text.encode("utf-8", "surrogatepass")


def _json(rows: list[Any], rng: random.Random) -> bytes:
    if rng.random() < 0.2:
        return _dumped({"version": 1, "data": rows, "more": {"data": 3}}, rng)
    return _dumped(rows, rng)


def _json_lines(rows: list[Any], rng: random.Random) -> bytes:
    end = rng.choice((b"\n", b"\n", b"\r\n", b"\n\n", b"\r"))
    return end.join(_dumped(row, rng).replace(b"\n", b"") for row in rows) + rng.choice((b"", end))


def _cells(rows: list[Any]) -> tuple[list[str], list[list[Any]]]:
    """The rows as a table: every key that any of them has, and a column for what is no object."""
    flat = [row if isinstance(row, dict) else {"value": row} for row in rows]
    columns = list(dict.fromkeys(key for row in flat for key in row))
    return columns, [[row.get(column) for column in columns] for row in flat]


def _separated(rows: list[Any], rng: random.Random, delimiter: str) -> bytes:
    columns, cells = _cells(rows)
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=rng.choice(("\n", "\r\n")), escapechar="\\")
    for row in (columns, *cells):
        writer.writerow([cell if isinstance(cell, str) else json.dumps(cell) for cell in row])
    return file.getvalue().encode("utf-8", "surrogatepass")


def _table(rows: list[Any], rng: random.Random) -> pa.Table:
    """Columns of the types that Arrow finds in the values, or of text where they differ; sometimes of types that are odd."""
    columns, cells = _cells(rows)
    arrays, names = [], []
    for name, values in zip(columns, zip(*cells, strict=True), strict=True):
        arrays.append(_odd(_array(list(values)), rng))
        names.append(name.encode("utf-8", "replace").decode())
    if names and rng.random() < 0.04:
        arrays.append(arrays[0])
        names.append(names[0])
    return pa.table(arrays, names=names)


def _array(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowException, ValueError, OverflowError, TypeError):
        said = [value if isinstance(value, str | None) else json.dumps(value) for value in values]
        return pa.array([text and text.encode("utf-8", "replace").decode() for text in said], pa.string())


def _odd(array: pa.Array, rng: random.Random) -> pa.Array:
    """The column in another type, or with bytes or numbers that the type says but Python does not have."""
    size = len(array)
    if rng.random() < 0.8:
        return array
    made = rng.choice(
        (
            lambda: pa.array([10**15] * size, pa.timestamp("s")),
            lambda: pa.array([2**62] * size, pa.duration("s")),
            lambda: pa.array([1] * size, pa.timestamp("ns", "Nowhere/Land")),
            lambda: pa.array([2**62] * size, pa.date64()),
            lambda: pa.array([float("inf")] * size),
            lambda: pa.array([2**40] * size, pa.int64()),
            lambda: pa.array([2**63] * size, pa.uint64()),
            lambda: pa.array([b"\xff\xfe"] * size, pa.binary()),
            lambda: pa.array([b"\xed\xa0\x80", *[b"a"] * (size - 1)], pa.binary()).view(pa.string()),
            lambda: pa.array([None] * size),
            lambda: array.dictionary_encode(),
            lambda: array.cast(pa.large_string()),
            lambda: array.cast(pa.string_view()),
            lambda: pa.array([{"a": {}}] * size),
            lambda: pa.array([[("k", 1), ("k", 2)]] * size, pa.map_(pa.string(), pa.int8())),
        )
    )
    try:
        return made()
    except (pa.ArrowException, ValueError, TypeError, KeyError):
        return array


def _parquet(rows: list[Any], rng: random.Random) -> bytes:
    file = io.BytesIO()
    try:
        pq.write_table(_table(rows, rng), file, row_group_size=rng.choice((1, 5, 1000)))
    except (pa.ArrowException, OSError):  # a type that Parquet does not have, or nested too deep
        return _json_lines(rows, rng)
    return file.getvalue()


def _arrow(rows: list[Any], rng: random.Random) -> bytes:
    file, table = io.BytesIO(), _table(rows, rng)
    new = rng.choice((pa.ipc.new_file, pa.ipc.new_stream))
    try:
        with new(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=rng.choice((1, 1000)))
    except pa.ArrowException:
        return _json_lines(rows, rng)
    return file.getvalue()


def _texts(rows: list[Any]) -> list[str]:
    return [str(row.get("text", row) if isinstance(row, dict) else row) for row in rows]


def _text(rows: list[Any], rng: random.Random) -> bytes:
    return rng.choice(("\n", "\n\n", "\r\n\r\n")).join(_texts(rows)).encode("utf-8", "surrogatepass")


def _page(rows: list[Any], rng: random.Random) -> bytes:
    body = "".join(f"<p>{text}</p>" for text in _texts(rows))
    head = rng.choice(("<!doctype html><html><head><title>T</title></head><body>", '<?xml version="1.0"?><html>', ""))
    return f"{head}<article>{body}</article></body></html>".encode("utf-8", "surrogatepass")


def _xml(rows: list[Any], rng: random.Random) -> bytes:
    """Rows as attributes or as elements; names are made to fit, values are only escaped."""
    columns, cells = _cells(rows)
    names = ["".join(char if char.isalnum() else "_" for char in column) or "_" for column in columns]
    made = []
    for row in cells:
        said = [cell if isinstance(cell, str) else json.dumps(cell) for cell in row]
        pairs = list(zip(dict.fromkeys(names), said, strict=False))
        if rng.random() < 0.5:
            made.append(f"<row {' '.join(f'{name}={quoteattr(value)}' for name, value in pairs)}/>")
        else:
            made.append(f"<row>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in pairs)}</row>")
    declared = rng.choice(("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="latin-1"?>', '<?xml version="1.0" '))
    declared = declared if rng.random() < 0.9 else '<?xml version="1.0" encoding="x-none"?>'
    return f"{declared}<rows>{''.join(made)}</rows>".encode("utf-8", "surrogatepass")


WRITERS: dict[str, Callable[[list[Any], random.Random], bytes]] = {
    "json": _json,
    "jsonl": _json_lines,
    "csv": lambda rows, rng: _separated(rows, rng, ","),
    "tsv": lambda rows, rng: _separated(rows, rng, "\t"),
    "parquet": _parquet,
    "arrow": _arrow,
    "text": _text,
    "xml": _xml,
    "pages": _page,
}

INSERTED = (
    b"\0", b"\0" * 512, b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b'"', b"\n", b"\r", b"[" * 300, b"{" * 10_000,
    b"</row>", b"<row>", b"<a>" * 400, b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"PAR1", b"\x1f\x8b", b",,,", b"]", b"}",
    b"\\", b"x" * 70_000, b"nul", b"<!--", b"<![CDATA[",
)  # fmt: skip
IN_PLACE = (
    b"", b"\n", b"\0" * 100, b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", b"null", b"[]",
    b"{}", b"<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n", b"\x80\x04.", b"PK\x03\x04", b"PAR1PAR1",
    b"ARROW1\0\0",
)  # fmt: skip


def _damage(data: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Bytes as broken downloads, broken disks and broken programs leave them."""
    at = rng.randrange(len(data) + 1)
    how = rng.randrange(7)
    if how == 0:
        return data[:at], f"cut at {at}"
    if how == 1:
        return data[at:], f"begins at {at}"
    if how == 2:
        damaged = bytearray(data)
        for _ in range(min(rng.choice((1, 3, 30)), len(damaged))):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        return bytes(damaged), "bits changed"
    if how == 3:
        inserted = rng.choice(INSERTED)
        return data[:at] + inserted + data[at:], f"{inserted[:9]!r} inserted at {at}"
    if how == 4:
        end = min(at + rng.choice((1, 10, 500)), len(data))
        return data[:at] + data[end:], f"{at} to {end} left out"
    if how == 5:
        return data + data, "twice"
    data = rng.choice(IN_PLACE)
    return data, f"{data[:9]!r} in its place"


def _wrapped(file: str, data: bytes, rng: random.Random) -> tuple[str, bytes, str]:
    """The file compressed, or in an archive with others."""
    how = rng.choice(("gz", "zst", "bz2", "xz", "zip", "tar", "tar.gz", "gz.gz"))
    if how in ("zip", "tar", "tar.gz"):
        return f"{file.partition('.')[0]}.{how}", _archive(how, file, data, rng), how
    packers = {"gz": gzip.compress, "zst": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress}
    for suffix in how.split("."):
        data, file = packers[suffix](data), f"{file}.{suffix}"
    return file, data, how


def _archive(how: str, file: str, data: bytes, rng: random.Random) -> bytes:
    others = {"__MACOSX/._x": b"junk", f"sub/{file}": data}
    if rng.random() < 0.2:
        others[rng.choice((f"../{file}", f"/etc/{file}", "C:\\given.json", "\udcff.json", "a\nb.json", "given.zip"))] = data
    stream = io.BytesIO()
    if how == "zip":
        with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, content in {file: data, **others}.items():
                archive.writestr(name.encode("utf-8", "replace").decode(), content)
        return stream.getvalue()
    form = rng.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    with tarfile.TarFile(fileobj=stream, mode="w", format=form, errors="surrogateescape") as tar:
        for name, content in {file: data, **others}.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.type = rng.choice((tarfile.REGTYPE,) * 20 + (tarfile.SYMTYPE, tarfile.FIFOTYPE))
            if info.isfile():
                tar.addfile(info, io.BytesIO(content))
            else:
                info.linkname, info.size = "/etc/passwd", 0
                tar.addfile(info)
    return gzip.compress(stream.getvalue()) if how == "tar.gz" else stream.getvalue()
