"""Starts the ranks of a run, listens to them, and ends them all when one fails, when we are stopped, or when we are gone."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from polymath.errors import UserError
from polymath.training.checkpoints import CHECKPOINTS, PREFIX, write_scores
from polymath.training.config import Job, Layout, naming
from polymath.training.ranks import WATCHED, heard
from polymath.training.reshape import fit_to_checkpoint

Told = Callable[[dict[str, Any]], None]
LAST_LINES = 12
LAUNCHERS = re.compile(r"\[[\d-]+ [\d:,]+\] \[(INFO|WARNING)\]")
"""How lines begin that DeepSpeed says of its own work."""
GRACE_SECONDS = 5.0
WORKER = "polymath.training.worker"


Score = Callable[[Path], dict[str, Any]]
"""Scores of a checkpoint, by benchmark."""


def launch(job: Job, tell: Told, score: Score | None = None) -> None:
    """Carry out the run in processes of its own; what its first rank says goes to `tell`, as it comes.

    `score`: what to do with a checkpoint that the run wants scored; the ranks wait for it. A rank that fails ends all of them;
    the error is the rank's own sentence, or its last lines.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    with naming(job.run.stage):
        _check_gpus(job.run.layout)
        job = fit_to_checkpoint(job)
    path = job.folder / "run.json"
    path.write_text(job.model_dump_json(indent=1), "utf-8")
    layout = job.run.layout

    def hear(facts: dict[str, Any]) -> None:
        if facts["kind"] == "scores_wanted":
            step = facts["step"]
            checkpoint = job.folder / CHECKPOINTS / f"{PREFIX}{step}"
            write_scores(job.folder, step, job.run.score_label, score(checkpoint) if score else {})
        else:
            tell(facts)

    follow(command(layout, [str(path)]), environment(layout), job.folder / "console.log", hear)


def _check_gpus(layout: Layout) -> None:
    """A run is prepared for any machine, to say what it will need; on one without the GPUs the ranks would start on CPUs."""
    wanted = layout.machine.ranks if layout.machine.gpus and not layout.hostfile else 0
    if not wanted:
        return
    import torch

    if (here := torch.cuda.device_count()) < wanted:
        raise UserError(f"hardware.gpus: {wanted} GPUs are wanted, and {here or 'none'} are here; set hardware.gpus=auto")


def command(layout: Layout, arguments: list[str], module: str = WORKER) -> list[str]:
    """The words that start the ranks: a plain process where one is enough."""
    machine = layout.machine
    if machine.ranks == 1:
        return [sys.executable, "-m", module, *arguments]
    launcher = [sys.executable, "-m", "deepspeed.launcher.runner", "--master_port", str(free_port())]
    if layout.hostfile:
        launcher += ["--hostfile", layout.hostfile]
    else:
        launcher += ["--num_gpus" if machine.gpus else "--num_accelerators", str(machine.ranks)]
    return [*launcher, "--module", module, *arguments]


def environment(layout: Layout) -> dict[str, str]:
    """For the ranks: threads shared out, no look at the hub's telemetry, and the CPU where there is no GPU."""
    machine, cores = layout.machine, len(os.sched_getaffinity(0))
    given: Mapping[str, str] = {
        "OMP_NUM_THREADS": str(max(cores // (machine.ranks // machine.nodes), 1)),
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
        **({} if machine.gpus else {"DS_ACCELERATOR": "cpu"}),
    }
    return {**given, **os.environ, WATCHED: "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def follow(words: list[str], variables: Mapping[str, str], log: Path, tell: Told) -> None:
    """Run a command as a group of its own, hand on what it says, and see that nothing of it stays."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    said: list[dict[str, Any]] = []
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,  # never written to: it closes when we are gone, and the ranks leave
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables),
        text=True,
        errors="replace",
        start_new_session=True,  # DeepSpeed's launcher leaves its ranks behind when it alone is stopped
    )
    # Whoever outlives the first process would hold its output open, and keep us listening.
    ender = threading.Thread(target=_end_with, args=(process,), daemon=True)
    ender.start()
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        with log.open("w", encoding="utf-8") as file, process.stdout, process.stdin:
            for line in process.stdout:
                facts = heard(line)
                if facts is None:
                    file.write(line)
                    file.flush()
                    last.append(line.rstrip())
                elif facts["kind"] in ("error", "lost"):
                    said.append(facts)
                else:
                    tell(facts)
        code = process.wait()
    finally:
        end_group(process)
        ender.join()
    if code:
        raise _failure(code, said, last, log)


def _end_with(process: subprocess.Popen[str]) -> None:
    process.wait()
    end_group(process)


def end_group(process: subprocess.Popen[str]) -> None:
    """Every process of the group: asked first, then ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port that nothing listens on: leftovers of another run may hold the usual one."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _failure(code: int, said: list[dict[str, Any]], last: Iterable[str], log: Path) -> UserError:
    own = next((facts["text"] for facts in said if facts["kind"] == "error"), None)
    if own is not None:
        return UserError(f"training stopped: {own}")
    how = "was lost (killed, or out of memory?)" if said else _ended(code)
    return UserError(f"training stopped: a rank {how} (the whole output is in {log}); its last lines:", _worth_reading(last))


def _ended(code: int) -> str:
    """What an exit status says: shells and DeepSpeed's launcher tell of a signal in ways of their own."""
    known = {-code, code - 128, 256 - code} & {signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS}
    return f"was ended by {signal.Signals(known.pop()).name}" if known else f"ended with {code}"


def _worth_reading(lines: Iterable[str]) -> list[str]:
    """Without what the launcher says of itself."""
    return [line for line in lines if line.strip() and not LAUNCHERS.match(line)]
