"""One run at a time, whatever stands in the lock file."""

import os

import pytest

from polymath.errors import UserError
from polymath.store.lock import ProjectLock


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "\0" * 40])
def test_a_second_holder_is_refused_whatever_the_file_says(tmp_path, text):
    first, second = ProjectLock(tmp_path / "data" / ".lock"), ProjectLock(tmp_path / "data" / ".lock")
    first.acquire()
    if text is not None:
        (tmp_path / "data" / ".lock").write_text(text)
    with pytest.raises(UserError, match=f"process {os.getpid() if text is None else '.'}.*wait for it, or stop it with Ctrl-C"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_what_a_killed_process_left_does_not_hold_the_lock(tmp_path):
    (tmp_path / ".lock").write_text('{"pid": 1, "since": "00:00:00"}')
    lock = ProjectLock(tmp_path / ".lock")
    lock.acquire()
    lock.release()
