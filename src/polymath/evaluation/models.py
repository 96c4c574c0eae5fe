"""Models to score: folders in transformers' format, or hub ids, with a digest of what they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from polymath.store.digest import digest_json
from polymath.training.checkpoints import CHECKPOINTS
from polymath.training.export import MODEL
from polymath.training.start import folder_digest
from polymath.training.trained import Trained


@dataclass(frozen=True)
class Model:
    """A model by its place."""

    place: str
    """A folder, or a hub id."""
    revision: str | None = None
    """Commit of a hub model."""

    @property
    def is_folder(self) -> bool:
        """Whether it lies here."""
        return Path(self.place).is_dir()

    @property
    def name(self) -> str:
        """For people and for tables: a hub id, or a folder's name; of what a training run left, the run's, and the step's."""
        if not self.is_folder:
            return self.place
        path = Path(self.place).resolve()
        if path.name == MODEL:
            return _run_name(path.parent)
        return f"{_run_name(path.parents[1])} {path.name}" if path.parent.name == CHECKPOINTS else path.name

    @property
    def run(self) -> Trained | None:
        """The training run that left it, or whose checkpoint it is; None of any other model."""
        path = Path(self.place).resolve()
        folder = path.parent if path.name == MODEL else path.parents[1] if path.parent.name == CHECKPOINTS else None
        return Trained(folder) if folder and (folder / "run.json").exists() else None

    @cached_property
    def digest(self) -> str:
        """Of the files, as training looks at them, and the name; of a hub model its id and revision."""
        if not self.is_folder:
            return digest_json([self.place, self.revision])
        return digest_json([self.name, folder_digest(Path(self.place))])

    @property
    def label(self) -> str:
        """A short word for names of files."""
        return self.digest[:12]


def _run_name(folder: Path) -> str:
    """What a training run calls itself, with its key; the folder's name where it is no run of ours."""
    try:
        return Trained(folder).name
    except (FileNotFoundError, ValueError):
        return folder.name
