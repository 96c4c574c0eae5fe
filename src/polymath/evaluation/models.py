"""Models to score: folders in transformers' format, or hub ids, with a digest of what they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from polymath.store.digest import digest_file, digest_json

FILES = ("*.json", "*.safetensors", "*.bin", "*.jinja", "*.model", "*.txt")
"""What a folder's digest is made of."""
EXPORTED = "model"
CHECKPOINTS = "checkpoints"
"""Folders of a training run: of its model, and of its checkpoints."""


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
        if path.name == EXPORTED:
            return _run_name(path.parent)
        return f"{_run_name(path.parents[1])} {path.name}" if path.parent.name == CHECKPOINTS else path.name

    @cached_property
    def digest(self) -> str:
        """Of the files' bytes and the name; of a hub model its id and revision."""
        if not self.is_folder:
            return digest_json([self.place, self.revision])
        found = sorted({path for kind in FILES for path in Path(self.place).glob(kind)})
        return digest_json([self.name, [[path.name, digest_file(path)] for path in found]])

    @property
    def label(self) -> str:
        """A short word for names of files."""
        return self.digest[:12]


def _run_name(folder: Path) -> str:
    """What a training run calls itself, with its key; the folder's name where it is no run of ours."""
    try:
        name = json.loads((folder / "run.json").read_text("utf-8"))["run"]["name"]
    except (FileNotFoundError, ValueError, KeyError):
        return folder.name
    return f"{name} {folder.name}"
