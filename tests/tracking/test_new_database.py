"""MLflow's database is there whole or not at all, whenever the process that makes it is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

from mlflow import MlflowClient

from polymath.tracking.new_database import make_database


def test_killed_half_way_it_is_made_anew_and_nothing_is_left_behind(tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    code = f"from polymath.tracking.new_database import make_database; make_database({uri!r})"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, cwd=tmp_path, start_new_session=True)
    while not any(tmp_path.glob(".mlflow.db.*.growing")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "mlflow.db").exists()
    make_database(uri)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["mlflow.db"]
    assert MlflowClient(uri).create_experiment("works") is not None


def test_a_database_that_is_there_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        database.execute("CREATE TABLE mine (x)")
    before = (tmp_path / "mlflow.db").read_bytes()
    make_database(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert (tmp_path / "mlflow.db").read_bytes() == before
