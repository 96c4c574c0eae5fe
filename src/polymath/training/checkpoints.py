"""Checkpoints: written aside and renamed, so that one that has its name is whole; kept by a policy."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from polymath.training.config import CheckpointConfig

PREFIX = "checkpoint-"
WRITING = ".writing"
LAYOUT = "layout.json"
LOG = "log.jsonl"
CHECKPOINTS = "checkpoints"
SCORES = "scores"


def checkpoint_steps(folder: Path) -> list[int]:
    """Steps of the whole checkpoints in `folder`, ascending."""
    return sorted(step_of(path) for path in folder.glob(f"{PREFIX}*") if path.is_dir())


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was made."""
    return int(checkpoint.name.removeprefix(PREFIX))


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint."""
    steps = checkpoint_steps(folder)
    return folder / f"{PREFIX}{steps[-1]}" if steps else None


def publish(folder: Path, step: int, facts: dict[str, Any]) -> Path:
    """Give a checkpoint that was written aside its name; `facts` say on which ranks it was made."""
    staged, final = folder / WRITING / f"{PREFIX}{step}", folder / f"{PREFIX}{step}"
    (staged / LAYOUT).write_text(json.dumps(facts), "utf-8")
    for path in sorted(staged.rglob("*")):
        if path.is_file():
            sync(path)
    if final.exists():
        shutil.rmtree(final)
    staged.rename(final)
    staged.parent.rmdir()
    sync(folder)
    return final


def sync(path: Path) -> None:
    """Onto the disk: a name must not outlive what it names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def prune(folder: Path, policy: CheckpointConfig, losses: dict[int, float]) -> None:
    """Remove what the policy does not keep; `losses`: validation loss by step."""
    steps = checkpoint_steps(folder)
    kept = set(steps[-policy.keep_last :])
    known = [step for step in steps if step in losses]
    if policy.keep_best and known:
        kept.add(min(known, key=lambda step: losses[step]))
    for step in set(steps) - kept:
        shutil.rmtree(folder / f"{PREFIX}{step}")


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run had begun to write."""
    shutil.rmtree(folder / WRITING, ignore_errors=True)


def scores_of(folder: Path, step: int, label: str) -> Path:
    """The file with the scores of a step's checkpoint in the exams of this label; `folder`: the run's."""
    return folder / SCORES / f"{step}-{label}.json"


def write_scores(folder: Path, step: int, label: str, scores: dict[str, Any]) -> None:
    """The ranks wait for this file: it is there whole, or not at all."""
    path = scores_of(folder, step, label)
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(scores), "utf-8")
    temporary.replace(path)


class Log:
    """`log.jsonl`: a line for each step and each validation, in the order of training."""

    def __init__(self, path: Path) -> None:
        """`path`: the file; made with its first line."""
        self._path = path

    def read(self) -> list[dict[str, Any]]:
        """All whole lines; a last one that was cut off is left out."""
        if not self._path.exists():
            return []
        found = []
        for line in self._path.read_text("utf-8").splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                break
        return found

    def add(self, line: dict[str, Any]) -> None:
        """Append a line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def rewind(self, step: int) -> None:
        """Forget what came after `step`: it will come again."""
        lines = [line for line in self.read() if line["step"] <= step]
        temporary = self._path.with_name(f".{self._path.name}.tmp")
        temporary.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        temporary.replace(self._path)

    def losses(self) -> dict[int, float]:
        """Validation loss over all tasks, by step."""
        return {line["step"]: line["validation"]["all"] for line in self.read() if "validation" in line}
