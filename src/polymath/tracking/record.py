"""What is known of a run: a folder in the project, whether or not MLflow ever hears of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from polymath.config import Config
from polymath.errors import UserError, choices

RUNS = Path("data/07_reports/runs")
RECORD = "record.json"
MIN_PART = 4  # characters of an id that may stand for the whole
BACKWARDS = {"last": 1, "previous": 2}


class TrackingConfig(Config):
    """`conf/<env>/mlflow.yml`: where runs are recorded."""

    tracking_uri: str = "sqlite:///mlflow.db"
    """A database file (relative to the project) or the address of a server."""
    experiment: str = "polymath"
    enabled: bool = True
    patience_seconds: float = 20.0
    """How long the end of a run waits for the store; what is not sent by then is sent with a later run."""


@dataclass
class RunRecord:
    """A run in words and numbers; a JSON file in the project."""

    id: str
    name: str
    started: float
    pipeline: str
    command: str
    environment: str
    status: str = "RUNNING"
    """RUNNING, FINISHED, FAILED, or KILLED when it ended without a word."""
    ended: float | None = None
    error: str | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    changed: dict[str, str] = field(default_factory=dict)
    """Parameters that an environment or the command line changed, with the value in `conf/base`."""
    metrics: dict[str, float] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Digest and place of each source that was read, and of the datasets that the run ended with."""
    trainings: list[str] = field(default_factory=list)
    """Folders of the training runs that it carried out, one after another, relative to the project."""

    evaluations: dict[str, dict[str, float]] = field(default_factory=dict)
    """Scores of each model that it evaluated, by metric."""

    def folder(self, project: Path) -> Path:
        """Where its files are."""
        return project / RUNS / self.id

    def write(self, project: Path) -> None:
        """Under a temporary name first: a half-written record is never read."""
        folder = self.folder(project)
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / RECORD, json.dumps(asdict(self), indent=1, ensure_ascii=False))

    @classmethod
    def read(cls, path: Path) -> RunRecord:
        """A record as it was written, by this version or an earlier one."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in json.loads(path.read_text("utf-8")).items() if name in known})


def write_whole(path: Path, text: str) -> None:
    """A file that is there whole, or as it was before."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def read_records(project: Path) -> list[RunRecord]:
    """The project's runs, the oldest first. What is no record any more (a damaged file) is left out."""
    found = []
    for path in (project / RUNS).glob(f"*/{RECORD}"):
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            found.append(RunRecord.read(path))
    return sorted(found, key=lambda record: (record.started, record.id))


def find_run(records: Iterable[RunRecord], word: str) -> RunRecord:
    """A run by its id, the beginning or last word of one, its name (the newest of that name), `last` or `previous`."""
    every = list(records)
    if word in BACKWARDS and len(every) >= BACKWARDS[word]:
        return every[-BACKWARDS[word]]
    named = [record for record in every if word in (record.id, record.name)]
    begun = [each for each in every if len(word) >= MIN_PART and (each.id.startswith(word) or each.id.endswith(f"-{word}"))]
    if named or len(begun) == 1:
        return (named or begun)[-1]
    if begun:
        raise UserError(f"{word!r} stands for {len(begun)} runs: {', '.join(record.id for record in begun)}")
    if not every:
        raise UserError("there is no run to look at yet; run: kedro run --pipeline=curate")
    known = {*(record.id for record in every[-10:]), *(record.name for record in every[-10:])}
    raise UserError(f"{word!r} is not a run (kedro runs lists them); {choices(word, known)}")
