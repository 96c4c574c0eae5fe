"""The pool: errors come back, killed workers are noticed, nothing is left behind."""

import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.engine.pool import Pool
from polymath.engine.save import save_plan
from polymath.errors import UserError
from tests.engine import works
from tests.running import heed_interrupts

TWO = EngineConfig(workers=2)


@pytest.fixture
def log(tmp_path):
    (tmp_path / "log").mkdir()
    return works.Log(tmp_path / "log")


def plan_of(work, log):
    items = tuple(Item(f"n{n}", (works.Number(n), log), n) for n in (1, 2, 3, 4))
    return Plan("test", work, items, works.Factor(), engine=TWO)


def test_an_error_in_a_worker_comes_back_as_it_is_with_its_traceback(tmp_path, log):
    with pytest.raises(ValueError, match="three is a bad number") as caught:
        save_plan(plan_of(works.fail_on_three, log), tmp_path / "made")
    assert "in a worker process" in caught.value.__notes__[0]


def test_a_shard_that_kills_its_worker_every_time_is_named(tmp_path, log):
    with pytest.raises(UserError, match="the worker on shard 'n3' was killed 3 times"):
        save_plan(plan_of(works.die_on_three, log), tmp_path / "made")


def test_a_worker_killed_alone_has_its_shard_made_again(tmp_path, log):
    folder = save_plan(plan_of(works.die_once_on_three, log), tmp_path / "made")
    assert folder.read()["n"].to_pylist() == [2] * 3 + [4] * 3 + [6] * 3 + [8] * 3


def test_a_worker_that_takes_too_much_memory_fails_by_the_name_of_its_shard(tmp_path, log):
    limited = EngineConfig(workers=2, worker_mb=1024)
    plan = replace(plan_of(works.fill_memory_on_three, log), engine=limited)
    wanted = (
        r"test: the worker on shard 'n3' was out of memory 3 times; use smaller shards .* or fewer workers .* "
        "or a higher limit than engine.worker_mb=1024"
    )
    with pytest.raises(UserError, match=wanted):
        save_plan(plan, tmp_path / "made")
    assert len(list(log.folder.glob("filled-*"))) == 3, "it is tried again before the run fails"


def test_work_that_fits_the_memory_is_the_same_with_a_limit(tmp_path, log):
    limited = EngineConfig(workers=2, worker_mb=1024)
    made = save_plan(replace(plan_of(works.multiply, log), engine=limited), tmp_path / "limited")
    assert made.digest == save_plan(plan_of(works.multiply, log), tmp_path / "made").digest


def test_one_process_out_of_memory_names_the_shard(tmp_path, log):
    plan = replace(plan_of(works.say_out_of_memory_on_three, log), engine=EngineConfig(workers=1))
    with pytest.raises(
        UserError, match=r"the worker on shard 'n3' is out of memory; use smaller shards \(ingest.shard_mb=8\)$"
    ):
        save_plan(plan, tmp_path / "made")


def test_closing_leaves_no_process():
    pool = Pool(2)
    assert dict(pool.run(abs, {"a": -1, "b": -2})) == {"a": 1, "b": 2}
    processes = [worker.process for worker in pool._workers]
    pool.close()
    assert not any(process.is_alive() for process in processes)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent(tmp_path, how):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent("""
        import sys, time
        from polymath.engine.pool import Pool
        def main():
            pool = Pool(2)
            work = pool.run(time.sleep, {"a": 0.1, "b": 60, "c": 60})
            next(work)
            print(*(worker.process.pid for worker in pool._workers), flush=True)
            next(work)
        if __name__ == "__main__":
            main()
    """)
    )
    parent = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL, preexec_fn=heed_interrupts
    )
    workers = [int(word) for word in parent.stdout.readline().split()]
    assert len(workers) == 2
    parent.send_signal(how)
    parent.wait(timeout=20)
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
