"""The bytes of any file, block by block: decompressed, turned into UTF-8, cut into lines, in bounded memory."""

import bz2
import codecs
import itertools
import lzma
import re
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, NamedTuple

import zstandard

from polymath.errors import UserError

BLOCK = 1 << 20
# The first block is smaller: a look at how each of many files begins stays cheap.
FIRST_BLOCK = 1 << 16
# Compressed bytes that a decompressor gets at once: so few that even a bomb's piece unpacks to some 250 MB at most.
PIECE = 1 << 13
# Below this nothing counts as a bomb: a machine that reads datasets can hold it.
BOMB_BYTES = 1 << 30
XZ_MEMORY = 1 << 30
KEPT_IN_MEMORY = 64 << 20

Blocks = Iterator[bytes]


class Compression(NamedTuple):
    """A way to compress one stream: its name, the endings of files that use it, how they begin, a new decompressor."""

    name: str
    suffixes: tuple[str, ...]
    magic: re.Pattern[bytes]
    decompressor: Callable[[], Any]


COMPRESSIONS = (
    Compression("gzip", (".gz", ".gzip"), re.compile(rb"\x1f\x8b\x08"), partial(zlib.decompressobj, wbits=31)),
    Compression(
        "zstandard",
        (".zst", ".zstd"),
        re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
        # Archives of forums are packed with a window of 2 GB (zstd --long=31).
        lambda: zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj(),
    ),
    Compression("bzip2", (".bz2",), re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), bz2.BZ2Decompressor),
    Compression("xz", (".xz",), re.compile(rb"\xfd7zXZ\x00"), partial(lzma.LZMADecompressor, memlimit=XZ_MEMORY)),
)
DECOMPRESSION_ERRORS = (zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError)


def read_blocks(stream: IO[bytes]) -> Blocks:
    """What is left of a stream, in blocks."""
    size = FIRST_BLOCK
    while block := stream.read(size):
        yield block
        size = BLOCK


def head_of(blocks: Blocks, size: int = 1) -> tuple[bytes, Blocks]:
    """The first blocks, at least `size` bytes if there are so many, and all the blocks as if none had been read."""
    head = next(blocks, b"")
    while len(head) < size and (block := next(blocks, b"")):
        head += block
    return head, itertools.chain([head], blocks)


def compression_of(head: bytes) -> Compression | None:
    """How a file that begins with `head` is compressed, whatever its name says."""
    return next((one for one in COMPRESSIONS if one.magic.match(head)), None)


def compression_named(name: str) -> Compression | None:
    """How the file of this name claims to be compressed."""
    return next((one for one in COMPRESSIONS if name.lower().endswith(one.suffixes)), None)


def decompress(blocks: Blocks, compression: Compression, name: str, max_ratio: float) -> Blocks:
    """The decompressed blocks of a file; one that is damaged, cut off or a bomb is an error that names the file."""
    return _gather(_decompressed(blocks, compression, name, max_ratio))


def _decompressed(blocks: Blocks, compression: Compression, name: str, max_ratio: float) -> Blocks:
    machine: Any = None
    packed = unpacked = 0
    for rest in _pieces(blocks):
        packed += len(rest)
        while rest:
            # A file may hold several streams one after another, with zeros between that fill a block of tape.
            if machine is None and not (rest := rest.lstrip(b"\0")):
                break
            machine = machine or compression.decompressor()
            try:
                piece = machine.decompress(rest)
            except DECOMPRESSION_ERRORS as error:
                place = f"near byte {packed:,} ({error})"
                raise UserError(f"{name}: the {compression.name} data is damaged {place}: fetch it again") from error
            unpacked += len(piece)
            check_ratio(unpacked, packed, name, max_ratio)
            yield piece
            rest = machine.unused_data if machine.eof else b""
            machine = None if machine.eof else machine
    if machine is not None:
        raise UserError(f"{name}: the {compression.name} data is cut off after {packed:,} bytes: fetch the file again")


def check_ratio(unpacked: int, packed: int, name: str, max_ratio: float) -> None:
    """Refuse what unpacks to far more than it promises."""
    if unpacked > BOMB_BYTES and unpacked > max_ratio * packed:
        raise UserError(
            f"{name}: unpacks to over {max_ratio:g} times its size, like a bomb: raise `max_ratio` if it is genuine"
        )


def _pieces(blocks: Blocks) -> Blocks:
    for block in blocks:
        for start in range(0, len(block), PIECE):
            yield block[start : start + PIECE]


def _gather(pieces: Iterable[bytes]) -> Blocks:
    """Pieces of any size as blocks of about one size: what each block costs downstream stays small."""
    held: list[bytes] = []
    held_bytes, size = 0, FIRST_BLOCK
    for piece in pieces:
        held.append(piece)
        held_bytes += len(piece)
        if held_bytes >= size:
            yield b"".join(held)
            held, held_bytes, size = [], 0, BLOCK
    if held_bytes:
        yield b"".join(held)


# What cannot be decoded becomes a surrogate, whose bytes are never valid UTF-8, so that its row is found bad later.
codecs.register_error("never_utf8", lambda error: ("\udcff", error.end))  # type: ignore[attr-defined]


def as_utf8(blocks: Blocks, encoding: str, name: str) -> Blocks:
    """Text of any encoding as UTF-8 without a byte order mark; UTF-8 itself passes as it is, bad bytes and all.

    What is lost to the encoding from some place on is an error that names the file.
    """
    if codecs.lookup(encoding).name == "utf-8":
        yield next(blocks, b"").removeprefix(codecs.BOM_UTF8)
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)("never_utf8")
    try:
        for block in blocks:
            yield decoder.decode(block).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:  # UTF-16 without a byte order mark tells no row from another
        raise UserError(f"{name}: cannot be decoded ({error}): name its `encoding`") from error


@contextmanager
def spooled(blocks: Blocks) -> Iterator[IO[bytes]]:
    """Blocks as a file that is read in any order: in memory while it is small, else in an unnamed temporary file."""
    with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY) as stream:
        stream.writelines(blocks)
        stream.seek(0)
        yield stream


def lines(blocks: Blocks, limit: int) -> Iterator[bytes]:
    """Lines with their ends (LF, CRLF or CR); one that is longer than `limit` comes cut to `limit` + 1 bytes."""
    return itertools.chain.from_iterable(line_lists(blocks, limit))


def line_lists(blocks: Blocks, limit: int) -> Iterator[list[bytes]]:
    """The same lines, as one list per block."""
    rest = b""
    for block in blocks:
        found = (rest + block).splitlines(keepends=True)
        # The last line may go on in the next block, and its CR may be half of a CRLF.
        rest = found.pop() if found else b""
        if len(rest) > limit:
            rest = rest[:limit] + rest[-1:]
        if max(map(len, found), default=0) > limit:
            found = [line[: limit + 1] for line in found]
        yield found
    if rest:
        yield [rest]
