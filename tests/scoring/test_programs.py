"""Programs that a model wrote: right ones pass, wrong, endless and greedy ones do not, and nothing is left of them."""

import gzip
import json
import socket
import time

import pytest

from polymath.evaluation.tasks.programs import process_results
from polymath.scoring import programs
from polymath.scoring.programs import passes


@pytest.mark.parametrize(
    ("program", "good"),
    [
        ("assert 1 + 1 == 2", True),
        ("assert 1 + 1 == 3", False),
        ("def (", False),
        ("import os; assert set(os.environ) <= {'PATH', 'HOME', 'PYTHONDONTWRITEBYTECODE', 'LC_CTYPE'}", True),
        ("x = bytearray(600 * 2**20)", False),
        ("open('f', 'wb').write(bytes(2 * 2**20))", False),
        ("import os; assert os.listdir() == []", True),
    ],
)
def test_a_program_passes_if_it_ends_without_an_error_within_its_limits(program, good):
    assert passes(program) is good


def test_an_endless_program_is_ended_with_all_that_it_started(tmp_path):
    beat = tmp_path / "beat"
    child = f"import time\nwhile True:\n    open({str(beat)!r}, 'w').write(str(time.time())); time.sleep(0.05)"
    begun = time.monotonic()
    assert not passes(
        f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {child!r}])\nwhile True: pass", seconds=2
    )
    assert time.monotonic() - begun < 5
    assert beat.exists()
    last = beat.read_text()
    time.sleep(0.3)
    assert beat.read_text() == last


@pytest.mark.skipif(not programs._apart(), reason="this machine allows no namespaces")
def test_there_is_no_network():
    reach = "import socket\nsocket.create_connection(('127.0.0.1', {}), 2)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not passes(reach.format(server.getsockname()[1]))


def test_where_no_namespaces_are_allowed_the_limits_stand(monkeypatch):
    monkeypatch.setattr(programs, "_apart", lambda: ())
    assert passes("assert True")
    assert not passes("while True: pass", seconds=1)


@pytest.mark.proof
def test_the_solutions_of_human_eval_pass_and_empty_ones_fail(shared_data):
    path = shared_data / "human_eval/HumanEval.jsonl.gz"
    problems = [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]
    assert [p["task_id"] for p in problems if not process_results(p, [p["canonical_solution"]])["pass_at_1"]] == []
    assert [p["task_id"] for p in problems[:20] if process_results(p, ["    pass\n"])["pass_at_1"]] == []
