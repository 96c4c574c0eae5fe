"""How far a record has come on its way to MLflow."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from polymath.tracking.record import RunRecord, write_whole

STATE = "mlflow.json"


@dataclass
class Delivery:
    """How far a record has come: a file of the courier's own beside the record."""

    mlflow_run: str | None = None
    sent: bool = False

    @classmethod
    def of(cls, record: RunRecord, project: Path) -> Delivery:
        """As it stands; nothing is delivered where there is no file."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return cls(**json.loads((record.folder(project) / STATE).read_text("utf-8")))
        return cls()

    def write(self, record: RunRecord, project: Path) -> None:
        """Remember it."""
        write_whole(record.folder(project) / STATE, json.dumps(vars(self)))
