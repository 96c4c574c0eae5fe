"""One export from beginning to end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polymath import __version__
from polymath.errors import UserError
from polymath.export.cards import write_card
from polymath.export.chat import write_chat
from polymath.export.contents import Contents
from polymath.export.folder import whole_folder
from polymath.export.hub import write_hub
from polymath.export.megatron import write_megatron
from polymath.export.origin import Origin

if TYPE_CHECKING:
    from polymath.project import Project

FORMS: dict[str, Callable[[Contents, Path], Counter[str]]] = {
    "hub": write_hub,
    "chat": write_chat,
    "megatron": write_megatron,
}
"""The forms by name: each writes a track's examples into a folder, and says how many of each split."""
PLACE = Path("data/06_outputs/exports")


@dataclass(frozen=True)
class Exported:
    """What was written."""

    folder: Path
    rows: Counter[str]
    """Examples by split."""


def export_mix(project: "Project", track: str, form: str, to: Path | None, repeated: bool) -> Exported:
    """Write a track in a form, to the folder `to` or to one of the project's own.

    Raises UserError when the track holds nothing, or when the folder holds something else.
    """
    contents = Contents.of(project, track, repeated)
    if not len(contents.counts):
        raise UserError(f"--track: no example of this run goes into {track!r}; see its tasks under mix.tracks.{track}")
    folder = (to or project.path / PLACE / f"{track}-{form}").absolute()
    origin = Origin.of(contents, project.path)
    about = {"version": __version__, "form": form, "track": track, "repeated": repeated, "mix": origin.digest}
    with whole_folder(folder, about) as writing:
        rows = FORMS[form](contents, writing)
        (writing / "README.md").write_text(write_card(contents, origin, form, rows), "utf-8")
    return Exported(folder, rows)
