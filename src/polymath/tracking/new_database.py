"""A new database for MLflow that is there whole or not at all.

MLflow makes one in some forty migrations, which take seconds; one that is killed between two of them is refused ever after.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from mlflow import MlflowClient

SQLITE = "sqlite:///"


def make_database(uri: str) -> None:
    """Make the SQLite file of this address where there is none; other addresses are left to MLflow."""
    path = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or path.exists():
        return
    for left in path.parent.glob(f".{path.name}.*"):  # of a courier that was killed: one run goes on at a time
        left.unlink()
    grown, whole = (path.with_name(f".{path.name}.{os.getpid()}.{stage}") for stage in ("growing", "whole"))
    MlflowClient(f"{SQLITE}{grown}").search_experiments(max_results=1)
    with closing(sqlite3.connect(grown)) as database:
        database.execute("VACUUM INTO ?", [str(whole)])
    whole.replace(path)
    for left in path.parent.glob(f".{path.name}.*"):
        left.unlink()
