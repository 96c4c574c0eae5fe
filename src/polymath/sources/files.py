"""Files below a folder, by name or glob, as one stream of row batches that can be resumed at any row."""

import difflib
import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import xxhash

from polymath.errors import UserError
from polymath.sources.archives import disk_blocks, open_files
from polymath.sources.formats import open_format, read_file, with_ends
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Batch, Place

DEFAULTS = ReadOptions()
BEGINNING = Place(0, 0)
NAMES_LOOKED_AT = 10_000


class FileInfo(NamedTuple):
    """A file of a source, or a member of its archives; its number in the list is the `file` of a `Place`."""

    name: str
    bytes: int
    modified_ns: int


def read_files(
    paths: Sequence[str],
    root: Path,
    options: ReadOptions = DEFAULTS,
    start: Place = BEGINNING,
) -> Iterator[Batch]:
    """The rows of all files that `paths` name below `root`, from `start` on, in the order of the files' names."""
    return with_ends(_read_all(find_files(paths, root, options), options, start))


def describe_files(paths: Sequence[str], root: Path, options: ReadOptions = DEFAULTS) -> list[FileInfo]:
    """What `read_files` would read, in its order; a file that holds no data is an error here, before any work."""
    found = []
    for name, path in find_files(paths, root, options):
        with open_files(path, name, options) as files:
            for file in files:
                open_format(file, options)
                found.append(FileInfo(file.name, file.bytes, file.modified_ns))
    return found


def columns_of(paths: Sequence[str], root: Path, options: ReadOptions = DEFAULTS) -> tuple[str, ...]:
    """The names that the first readable row has, for messages; none when rows have no names."""
    for batch in read_files(paths, root, options):
        if batch.table is not None:
            return tuple(batch.table.column_names)
        if batch.rows:
            row = batch.rows[0][1]
            return tuple(row) if isinstance(row, dict) else ()
    return ()


def content_digest(paths: Sequence[str], root: Path, options: ReadOptions = DEFAULTS) -> str:
    """xxh3_128 over the names and the bytes of the files, as they lie on disk."""
    digest = xxhash.xxh3_128()
    for name, path in find_files(paths, root, options):
        # Lengths before the texts: no two lists of files make the same stream of bytes.
        digest.update(f"{len(name)} {name} {path.stat().st_size} ".encode())
        for block in disk_blocks(path, name):
            digest.update(block)
    return digest.hexdigest()


def find_files(paths: Sequence[str], root: Path, options: ReadOptions = DEFAULTS) -> list[tuple[str, Path]]:
    """Name below `root` and path of each file that `paths` (names, or globs with `**`) match, sorted, each once."""
    found: dict[str, Path] = {}
    inside = root.resolve()
    for pattern in paths:
        matches = [pattern] if (root / pattern).exists() else glob.glob(pattern, root_dir=root, recursive=True)
        files = [name for name in matches if (root / name).is_file()]
        if not files:
            raise _nothing_matches(pattern, root)
        for name in files:
            path = root / name
            if not options.outside and not path.resolve().is_relative_to(inside):
                raise UserError(f"{name}: leads out of {root}: set `outside: true` if that is meant")
            found[_shown(os.path.relpath(path, root))] = path
    return sorted(found.items())


def _shown(name: str) -> str:
    """A file's name as text that any table can hold; a name on disk may be any bytes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _nothing_matches(pattern: str, root: Path) -> UserError:
    if not root.is_dir():
        return UserError(f"{root}: is not a folder, so {pattern!r} cannot be read from it")
    if (root / pattern).is_dir():
        suffixes = Counter(path.suffix for path in (root / pattern).iterdir() if path.is_file())
        example = f"*{suffixes.most_common(1)[0][0]}" if suffixes else "**/*.jsonl"
        return UserError(f"{pattern}: is a folder: name its files, e.g. '{os.path.join(pattern, example)}'")
    every = glob.iglob("**", root_dir=root, recursive=True)
    names = [name for name in itertools.islice(every, NAMES_LOOKED_AT) if (root / name).is_file()]
    near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.4) or sorted(names)[:3]
    return UserError(f"{pattern}: matches no file below {root}; the nearest names are {', '.join(near) or 'none'}")


def _read_all(files: list[tuple[str, Path]], options: ReadOptions, start: Place) -> Iterator[Batch]:
    ordinal = 0
    for name, path in files:
        with open_files(path, name, options) as members:
            for member in members:
                if ordinal >= start.file:
                    yield from read_file(member, Place(ordinal, start.row if ordinal == start.file else 0), options)
                ordinal += 1
