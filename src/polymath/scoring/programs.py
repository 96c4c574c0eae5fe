"""Programs that a model wrote, run apart: limits on time, memory and files, and, where the kernel lets us, no network.

It is no wall. A program runs with the rights of whoever runs it, and can read and delete what they can; so it is off by
default, and meant for a container that holds nothing.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

APART = ("unshare", "--user", "--map-root-user", "--net", "--ipc", "--pid", "--fork", "--kill-child")
"""Namespaces of its own (util-linux): no network, and no sight of other processes' signals; all of its own end with it."""


def passes(program: str, *, seconds: float = 10.0, memory_mb: int = 512) -> bool:
    """Whether a Python program ends by itself without an error, in an empty folder, without our environment.

    `seconds`: of the clock and of the processor; `memory_mb`: that it may take. It may write files of 1 MB at most.
    """
    with tempfile.TemporaryDirectory(prefix="polymath-") as folder:
        command = [*_apart(), sys.executable, "-I", "-c", program]
        going = subprocess.Popen(
            command,
            cwd=folder,
            env={"PATH": os.defpath, "HOME": folder, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=functools.partial(_limit, seconds, memory_mb),
        )
        try:
            return going.wait(timeout=seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(going.pid, signal.SIGKILL)
            going.wait()


def _limit(seconds: float, memory_mb: int) -> None:
    limits = {
        resource.RLIMIT_CPU: int(seconds) + 1,
        resource.RLIMIT_AS: memory_mb * 2**20,
        resource.RLIMIT_FSIZE: 2**20,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


@functools.cache
def _apart() -> tuple[str, ...]:
    """The command that puts a program into namespaces of its own; nothing where this machine does not allow it."""
    if shutil.which(APART[0]) is None:
        return ()
    tried = subprocess.run([*APART, sys.executable, "-I", "-c", ""], capture_output=True, check=False)
    return APART if tried.returncode == 0 else ()
