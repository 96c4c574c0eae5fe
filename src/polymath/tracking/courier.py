"""The courier: a process beside the run that brings records to MLflow.

MLflow takes two seconds to import and a new database another four; a server may be slow, locked or away for minutes. None of
that is the run's business: the courier works while the run does, and at the end the run waits for it only so long.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from polymath.tracking.delivery import Delivery
from polymath.tracking.record import RunRecord, TrackingConfig, read_records
from polymath.tracking.secrets import without_secrets

QUIET = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}
"""Set in the courier where the user has not: MLflow would try a server that is away for many minutes."""


class Courier:
    """The run's side: start the process, tell it the end, and wait no longer than the config says."""

    def __init__(self, config: TrackingConfig, project: Path, record: RunRecord) -> None:
        """Starts at once: the run appears in MLflow while it goes on."""
        self._patience = config.patience_seconds
        self._address = without_secrets(config.tracking_uri)
        environment = {**QUIET, **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "polymath.tracking.courier"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # third parties write addresses there, with the passwords in them
            cwd=project,
            env=environment,
            text=True,
        )
        # Not as an argument: everybody on the machine can read those, and an address may hold a password.
        self._say({"config": config.model_dump(), "project": str(project), "run": record.id})

    def end(self) -> str | None:
        """Let it send the finished record. None when it did; else a sentence that says why not."""
        self._say({"end": True})
        try:
            answer, _ = self._process.communicate(timeout=self._patience)
        except subprocess.TimeoutExpired:
            self.stop()
            return f"MLflow at {self._address} was not done within {self._patience:g} seconds (patience_seconds in mlflow.yml)"
        problem = json.loads(answer.strip().splitlines()[-1])["problem"] if answer.strip() else "its process ended"
        return f"MLflow at {self._address} cannot be reached ({problem})" if problem else None

    def stop(self) -> None:
        """End it where it is: it can send everything again later."""
        self._process.kill()
        self._process.communicate()

    def _say(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it is gone: `end` says so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()


def deliver() -> None:
    """The courier's side: open the run, send what earlier runs left, then wait for the end of this one and send it."""
    gc.disable()  # looking for garbage takes a tenth of a life that ends in seconds
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's to handle
    with contextlib.suppress(OSError):
        os.nice(5)  # the run's own processes come first
    told = json.loads(sys.stdin.readline())
    config, project = TrackingConfig(**told["config"]), Path(told["project"])
    _try(lambda: _send(config, project, told["run"]))
    if sys.stdin.readline():  # nothing: the run was killed, and the next one sends what it left
        print(json.dumps({"problem": _try(lambda: _send(config, project, told["run"]))}), flush=True)


def _send(config: TrackingConfig, project: Path, current: str) -> None:
    """The current run, opened or sent whole; then finished ones that MLflow has not: one that it refuses holds up no other."""
    from polymath.tracking.mlflow_store import MlflowStore

    store = MlflowStore(config, project)
    records = {record.id: record for record in read_records(project)}
    record = records.pop(current)
    store.open(record) if record.status == "RUNNING" else store.send(record)
    for other in reversed(records.values()):
        if other.status != "RUNNING" and not Delivery.of(other, project).sent:
            _try(partial(store.send, other))


def _try(action: Callable[[], None]) -> str | None:
    """None, or the first line of what went wrong."""
    try:
        action()
    except Exception as error:
        lines = without_secrets(str(error)).strip().splitlines()
        return lines[0][:300] if lines else type(error).__name__
    return None


if __name__ == "__main__":
    deliver()
