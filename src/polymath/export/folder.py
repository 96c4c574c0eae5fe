"""The folder of an export: it appears whole, and never in the place of something else."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from polymath.errors import UserError

MARK = "export.json"
"""Written into every export: what it is, and the size of each file."""
MAKER = "polymath"


@contextlib.contextmanager
def whole_folder(to: Path, about: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to write into; when all is written it stands at `to`, in the place of an earlier export.

    Raises UserError before anything is written when `to` holds what is not an untouched export of ours.
    """
    refuse_foreign(to)
    writing, before = to.with_name(f".{to.name}.partial"), to.with_name(f".{to.name}.before")
    for left in (writing, before):  # of an export that was killed
        shutil.rmtree(left, ignore_errors=True)
    writing.mkdir(parents=True)
    try:
        yield writing
        files = {str(path.relative_to(writing)): path.stat().st_size for path in sorted(writing.rglob("*")) if path.is_file()}
        mark = {"made_by": MAKER, **about, "files": files}
        (writing / MARK).write_text(json.dumps(mark, indent=1, ensure_ascii=False) + "\n", "utf-8")
        if to.exists():
            to.rename(before)
        writing.rename(to)
    finally:
        shutil.rmtree(writing, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)


def refuse_foreign(to: Path) -> None:
    """A UserError that names what stands at `to`, unless that is nothing, or an export as it was written."""
    way_out = "name another folder with --to"
    if to.is_file():
        raise UserError(f"{to} is a file; {way_out}")
    if not to.is_dir() or not any(to.iterdir()):
        return
    try:
        mark = json.loads((to / MARK).read_text("utf-8"))
        files: dict[str, int] = mark["files"] if mark["made_by"] == MAKER else {}
    except (OSError, ValueError, KeyError, TypeError):
        files = {}
    if not files:
        raise UserError(f"{to} holds other things than an export of ours; {way_out}")
    for path in sorted(to.rglob("*")):
        name = str(path.relative_to(to))
        if path.is_dir() or name == MARK:
            continue
        if name not in files:
            raise UserError(f"{to} holds {name}, which no export wrote; {way_out}")
        if path.stat().st_size != files[name]:
            raise UserError(f"{path} was changed after it was exported; {way_out}")
