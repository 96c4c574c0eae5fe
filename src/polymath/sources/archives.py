"""A file on disk as one or many files to read: zip and tar archives are read in place, nothing is unpacked from them.

A compressed tar cannot be read out of order, so its decompressed bytes lie in a temporary file while it is open.
"""

import fnmatch
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from polymath.errors import UserError, choices
from polymath.sources.identify import is_tar, is_zip, refuse_placeholder
from polymath.sources.options import ReadOptions
from polymath.sources.streams import Blocks, check_ratio, compression_of, decompress, head_of, read_blocks, spooled
from polymath.sources.unreadable import in_one_line

# What macOS and Windows leave in archives beside the data.
JUNK = re.compile(r"(^|/)(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)$|(^|/)__MACOSX/")
OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)")
DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, NotImplementedError, OSError, ValueError),
)


@dataclass(frozen=True)
class File:
    """Something with rows in it: a file on disk, or a member of an archive while that is open."""

    name: str
    """As a person would write it, below the source's root; `archive.zip/member.json` inside an archive."""
    bytes: int
    """On disk, or unpacked from the archive."""
    modified_ns: int
    blocks: Callable[[], Blocks]
    """Its bytes from the start, as often as asked."""
    path: Path | None = None
    """Where it lies on disk; a member of an archive does not."""


class Entry(NamedTuple):
    """A member as the archive lists it."""

    name: str
    bytes: int
    plain: bool
    """An ordinary file: no folder, link or device."""
    folder: bool
    blocks: Callable[[], Blocks]


@contextmanager
def open_files(path: Path, name: str, options: ReadOptions) -> Iterator[list[File]]:
    """The file at `path`, or the members of the archive at `path` in the order of their names."""
    status = path.stat()
    whole = File(name, status.st_size, status.st_mtime_ns, partial(disk_blocks, path, name), path)
    raw, blocks = head_of(whole.blocks())
    compression = compression_of(raw)
    head, blocks = head_of(decompress(blocks, compression, name, options.max_ratio)) if compression else (raw, blocks)
    if is_zip(raw):
        with _named_damage(name):
            archive = zipfile.ZipFile(path)
        with archive:
            yield _members(whole, _zip_entries(archive, name), options)
    elif is_tar(name, head):
        refuse_placeholder(name, head, "an archive")
        with spooled(blocks) if compression else path.open("rb") as stream:
            with _named_damage(name):
                entries = list(_tar_entries(tarfile.TarFile(fileobj=stream, errors="backslashreplace"), name))
            yield _members(whole, entries, options)
    else:
        yield [whole]


@contextmanager
def _named_damage(name: str) -> Iterator[None]:
    """What the archive libraries raise, as one sentence that names the file."""
    try:
        yield
    except UserError:
        raise
    except DAMAGE as error:
        raise UserError(f"{name}: is damaged, cut off or unknown ({in_one_line(error)}): fetch it again") from error


def disk_blocks(path: Path, name: str) -> Blocks:
    """The bytes of a file on disk; one that cannot be read is an error that names it."""
    try:
        with path.open("rb") as stream:
            yield from read_blocks(stream)
    except OSError as error:
        raise UserError(f"{name}: cannot be read ({error.strerror}): look at its owner and permissions") from error


def _zip_entries(archive: zipfile.ZipFile, name: str) -> Iterator[Entry]:
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise UserError(f"{name}: {info.filename} is encrypted: unpack the archive with its password first")
        plain = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
        blocks = partial(_member_blocks, partial(archive.open, info), f"{name}/{info.filename}")
        yield Entry(info.filename, info.file_size, plain, info.filename.endswith("/"), blocks)


def _tar_entries(tar: tarfile.TarFile, name: str) -> Iterator[Entry]:
    for info in tar:
        blocks = partial(_member_blocks, partial(tar.extractfile, info), f"{name}/{info.name}")
        yield Entry(info.name, info.size, info.isfile(), info.isdir(), blocks)


def _member_blocks(opened: Callable[[], Any], name: str) -> Blocks:
    with _named_damage(name), opened() as stream:
        yield from read_blocks(stream)


def _members(archive: File, entries: Iterable[Entry], options: ReadOptions) -> list[File]:
    """The chosen members in the order of their names; of two with one name the later counts, as when unpacking."""
    known = {entry.name: entry for entry in entries if not entry.folder and not JUNK.search(entry.name)}
    chosen = [entry for entry in known.values() if _is_chosen(entry.name, options.members)]
    if not chosen:
        wanted = f"no member matches `members: {' '.join(options.members)}`" if options.members else "holds no files"
        raise UserError(f"{archive.name}: {wanted}; {choices(' '.join(options.members), known)}")
    for entry in chosen:
        if OUTSIDE.search(entry.name) or not entry.plain:
            what = "leads out of the archive" if entry.plain else "is a link or a device"
            raise UserError(f"{archive.name}: the member {entry.name!r} {what}: leave it out with `members`")
    # The libraries read no more of a member than its entry promises, so a bomb shows in the promises.
    check_ratio(sum(entry.bytes for entry in chosen), archive.bytes, archive.name, options.max_ratio)
    return [
        File(f"{archive.name}/{entry.name}", entry.bytes, archive.modified_ns, entry.blocks)
        for entry in sorted(chosen, key=lambda entry: entry.name)
    ]


def _is_chosen(name: str, patterns: Iterable[str]) -> bool:
    # The slash in front lets `**/x.json` match at the top too.
    return not patterns or any(fnmatch.fnmatchcase(n, p) for p in patterns for n in (name, f"/{name}"))
