"""Web pages as rows: saved ones of a folder, and what `pages_fetch` saved there; their text is found by trafilatura.

trafilatura (Barbaresi 2021, ACL demo 15) leaves out menus, notices and footers. It comes with `pip install polymath[pages]`.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from polymath.errors import UserError
from polymath.sources.files import content_digest, find_files
from polymath.sources.options import ReadOptions
from polymath.sources.rows import BEGINNING, BadRow, Batch, Place
from polymath.sources.unreadable import too_long
from polymath.store.digest import digest_json

INDEX = "index.jsonl"
"""Beside fetched pages: a line for each address, with the file that holds it or why there is none."""


def read_pages(folders: Sequence[str], root: Path, options: ReadOptions, start: Place = BEGINNING) -> Iterator[Batch]:
    """A row for each saved page, in order of file name: `text`, `title`, `author`, `date`, `url`."""
    files = saved_pages(folders, root, options)
    addresses = {path.parent: _addresses(path.parent) for _, path in files}
    for number in range(start.file, len(files)):
        name, path = files[number]
        place, end = Place(number, 0), Place(number + 1, 0) if number + 1 < len(files) else None
        if path.stat().st_size > options.max_row_bytes:
            yield Batch(name, place, bad=[BadRow(place, *too_long("", options.max_row_bytes))], end=end)
            continue
        row = _extract(path.read_bytes(), addresses[path.parent].get(path.name))
        if row is None:
            bad = BadRow(place, "no_text", "the page holds no text beside menus and notices", "")
            yield Batch(name, place, bad=[bad], end=end)
        else:
            yield Batch(name, place, rows=[(place, row)], end=end)


def pages_digest(folders: Sequence[str], root: Path, options: ReadOptions) -> str:
    """What the rows depend on: the pages' bytes, and the version of trafilatura."""
    try:
        made_by = version("trafilatura")
    except PackageNotFoundError:
        made_by = "none"
    return digest_json([content_digest(_patterns(folders), root, options), made_by])


def saved_pages(folders: Sequence[str], root: Path, options: ReadOptions) -> list[tuple[str, Path]]:
    """Name and path of every page in the folders; UserError where there is none."""
    return find_files(_patterns(folders), root, options)


def _patterns(folders: Sequence[str]) -> list[str]:
    return [f"{folder.rstrip('/')}/**/*.htm*" for folder in folders]


def _addresses(folder: Path) -> dict[str, str]:
    """The address of each fetched file."""
    return {line["file"]: url for url, line in read_index(folder).items() if isinstance(line.get("file"), str)}


def read_index(folder: Path) -> dict[str, dict[str, Any]]:
    """What became of every address that was asked for; a line that a kill cut off, or that is none of ours, does not count."""
    found: dict[str, dict[str, Any]] = {}
    path = folder / INDEX
    for line in path.read_text("utf-8", "replace").splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            entry = json.loads(line)
            found[str(entry["url"])] = entry
    return found


def _extract(page: bytes, url: str | None) -> dict[str, Any] | None:
    found = _trafilatura().bare_extraction(page, url=url, with_metadata=True, include_comments=False)
    if found is None or not (found.text or "").strip():
        return None
    told = {name: getattr(found, name) for name in ("title", "author", "date")}
    return {"text": found.text.strip(), "url": url or found.url, **told}


@cache
def _trafilatura() -> Any:
    try:
        import trafilatura
    except ImportError as error:
        raise UserError("sources of kind pages need trafilatura; run: pip install 'polymath[pages]'") from error
    return trafilatura
