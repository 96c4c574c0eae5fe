"""Embedded sources: real text without any download, drawn when a run asks for it from what every Python carries.

`python_topics` is the language reference; the others are made of the docstrings and functions of the standard library, or of
an installed package when one is named (`python_docs:numpy`). The rows are records' fields already: they need no adapter.
"""

import hashlib
import importlib.metadata
import importlib.util
import inspect
import json
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from polymath.errors import UserError, choices, unknown
from polymath.sources import harvest, python_preferences, python_questions, python_text
from polymath.sources.python_text import PAGES, Harvest, Page
from polymath.sources.rows import Batch, Place

_BEGINNING = Place(0, 0)
_NOT_HARVESTED = {"__pycache__", "site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "turtledemo"}


def read_embedded(name: str, start: Place = _BEGINNING) -> Iterator[Batch]:
    """The rows of an embedded source from `start` on, a batch for each module or topic.

    `Place.file` numbers the modules (topics) that have rows, in order of name; one harvest serves all sources of a process.
    """
    pages = _pages(name)
    for number in range(start.file, len(pages)):
        file, rows = pages[number]
        first = start.row if number == start.file else 0
        placed = [(Place(number, row), rows[row]) for row in range(first, len(rows))]
        end = Place(number + 1, 0) if number + 1 < len(pages) else None
        yield Batch(file, Place(number, first), rows=placed, end=end)


def embedded_digest(name: str) -> str:
    """What the rows depend on: this Python, the files of its library or of the package, and the code that makes rows."""
    _, package = _parse(name)
    hasher = hashlib.blake2b(f"{name}\0{sys.version}\0{sys.platform}\0{platform.machine()}\0".encode(), digest_size=16)
    own = [Path(inspect.getfile(module)) for module in (harvest, python_preferences, python_questions, python_text)]
    for path in [*_library_files(package), *own]:
        data = path.read_bytes()
        hasher.update(f"{path.name}\0{len(data)}\0".encode())
        hasher.update(data)
    return hasher.hexdigest()


@cache
def _pages(name: str) -> list[Page]:
    source, package = _parse(name)
    # The language reference needs no harvest.
    harvested = () if source == "python_topics" else _harvest(package)
    pages = [(file, rows) for file, rows in PAGES[source](harvested) if rows]
    if not pages:
        raise UserError(f"path: {name!r} gives no rows: {package!r} holds nothing of the kind, or can be imported here alone")
    return pages


def _parse(name: str) -> tuple[str, str]:
    """The source and the package that `python_docs` or `python_docs:numpy` stands for."""
    source, _, package = name.partition(":")
    if source not in PAGES:
        raise unknown("path", source, "embedded source", PAGES)
    if package and source == "python_topics":
        raise UserError(f"path: {name!r} names a package, but the language reference has none; write python_topics")
    if package and not package.isidentifier():
        raise UserError(f"path: {name!r} does not name a package; write it like python_docs:numpy")
    if package and importlib.util.find_spec(package) is None:
        installed = [name for name in importlib.metadata.packages_distributions() if not name.startswith("_")]
        raise UserError(f"path: {name!r} needs the package {package!r}, which is not installed; {choices(package, installed)}")
    return source, package or harvest.STANDARD_LIBRARY


@cache
def _harvest(package: str) -> Harvest:
    """What `harvest.py` finds, in a process of its own, since importing modules has side effects."""
    # The path of the file, not its module name: an isolated Python may not see this package.
    command = [sys.executable, "-I", "-W", "ignore", harvest.__file__, package]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    return tuple(json.loads(line) for line in done.stdout.splitlines())


def _library_files(package: str) -> Iterator[Path]:
    """The Python files that a harvest may read, in a fixed order."""
    spec = None if package == harvest.STANDARD_LIBRARY else importlib.util.find_spec(package)
    roots = list(spec.submodule_search_locations or ()) if spec else [sysconfig.get_path("stdlib")]
    if spec and spec.origin and spec.has_location:
        yield Path(spec.origin)
    for root in roots:
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(set(folders) - _NOT_HARVESTED)
            yield from (Path(folder, file) for file in sorted(files) if file.endswith(".py"))
