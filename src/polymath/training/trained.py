"""A trained model as others take it: its folder, the run that made it, what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from polymath.store.digest import digest_strings
from polymath.training.checkpoints import CHECKPOINTS, LOG, PREFIX, Log, checkpoint_steps
from polymath.training.config import Data, Job, RunConfig
from polymath.training.export import MODEL
from polymath.training.start import RESULT

STAGES = {"pretrain": "pretrained", "finetune": "finetuned", "reward": "rewarded", "align": "aligned"}
"""The stages of training in the order of an assistant's making, each with the dataset of its model."""
CURRENT = "current.json"
KEY_LENGTH = 12
"""Characters of a run's key that name its folder."""


class Scorer(Protocol):
    """Puts benchmarks to checkpoints."""

    @property
    def names(self) -> list[str]:
        """The benchmarks."""

    def score(self, checkpoint: Path) -> dict[str, dict[str, Any]]:
        """`score`, `low`, `high`, `items` and the `metric` of each benchmark."""


@dataclass(frozen=True)
class Training:
    """A run that is ready, and the data that it reads: what a stage hands to the dataset that carries it out."""

    run: RunConfig
    data: Data
    need: float
    """Bytes that each rank will hold."""
    scorer: Scorer | None = None
    """Scores its checkpoints while it goes on, where the run says when."""

    def job(self, folder: Path) -> Job:
        """The run with a folder of its own below `folder`, by its key; the model of the run before it is looked for there."""
        run, root = self.run, folder.resolve()
        if run.start.kind == "before":
            place = root / run.start.made_by[:KEY_LENGTH] / MODEL
            run = run.model_copy(update={"start": run.start.model_copy(update={"kind": "folder", "place": str(place)})})
        return Job(run=run, data=self.data, folder=root / run.key[:KEY_LENGTH])


@dataclass(frozen=True)
class Trained:
    """A finished run's folder."""

    folder: Path

    @classmethod
    def find(cls, folder: Path) -> Trained | None:
        """The run that was trained last in `folder`; None where none was finished."""
        try:
            key = json.loads((folder / CURRENT).read_text("utf-8"))["key"]
        except (FileNotFoundError, ValueError, KeyError):
            return None
        found = cls(folder / key[:KEY_LENGTH])
        return found if found.is_whole(key) else None

    def is_whole(self, key: str) -> bool:
        """Whether its model is all there, and is that of `key`."""
        try:
            return bool(self.result["key"] == key) and (self.folder / MODEL / "config.json").exists()
        except (FileNotFoundError, ValueError, KeyError):
            return False

    @property
    def chain(self) -> list[Trained]:
        """This run and those of the same stage whose models it went on from, the first one first."""
        start = self.job.run.start
        before = Trained(self.folder.parent / start.made_by[:KEY_LENGTH])
        goes_on = start.made_by and before.folder != self.folder and before.is_whole(start.made_by)
        return [*(before.chain if goes_on else []), self]

    @property
    def name(self) -> str:
        """`tiny-sft 0123456789ab`: what the run is called in tables."""
        return f"{self.job.run.name} {self.folder.name}"

    @property
    def model(self) -> Path:
        """The folder of the model, as transformers reads it."""
        return self.folder / MODEL

    @property
    def checkpoints(self) -> list[Path]:
        """Folders of the checkpoints that were kept, but for the one that the model is."""
        folder, exported = self.folder / CHECKPOINTS, self.result["step"]
        return [folder / f"{PREFIX}{step}" for step in checkpoint_steps(folder) if step != exported]

    @cached_property
    def result(self) -> dict[str, Any]:
        """`result.json`: steps, tokens, seconds, parameters, validation losses."""
        found: dict[str, Any] = json.loads((self.folder / RESULT).read_text("utf-8"))
        return found

    @property
    def ended(self) -> float:
        """When its result was written, or last pointed to: seconds since 1970."""
        current = self.folder.parent / CURRENT
        return current.stat().st_mtime if current.exists() else (self.folder / RESULT).stat().st_mtime

    @cached_property
    def job(self) -> Job:
        """`run.json`."""
        return Job.model_validate_json((self.folder / "run.json").read_text("utf-8"))

    @property
    def digest(self) -> str:
        """Of what went in and how far it went: equal runs make equal models on one machine."""
        return digest_strings([self.result["key"], str(self.result["step"])])

    def log(self) -> list[dict[str, Any]]:
        """A line for each step and each validation."""
        return Log(self.folder / LOG).read()


def point_to(folder: Path, key: str) -> None:
    """Make the run of this key the one that `folder` is asked for."""
    temporary = folder / f".{CURRENT}.tmp"
    temporary.write_text(json.dumps({"key": key}), "utf-8")
    temporary.replace(folder / CURRENT)
