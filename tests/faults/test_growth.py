"""More files and more rows than usual: the books balance, and memory holds numbers of what was read, not its text.

`POLYMATH_GROWTH_ROWS` is the number of rows of each of ten sources (100,000 unless it says more), for a machine with the time.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import new_project
from tests.faults.projects import QA, make_small, questions, write_rows
from tests.running import folder

ROWS = int(os.environ.get("POLYMATH_GROWTH_ROWS", "100000"))
SOURCES = 10
BASE_MB = 900
"""What a process takes whatever it reads: libraries, compiled kernels, a shard and a batch."""
BYTES_PER_ROW = 400
"""What is held of every record of a run by the steps that need all of them at once, as numbers and not as text."""
MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
"""


def measured_run(project: Path, *words: str) -> tuple[float, int]:
    """`kedro run` of the project: seconds, and the most memory that one of its processes took, MB."""
    command = [sys.executable, "-m", "kedro", "run", "--pipeline=curate", "--env=tiny", *words]
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", MEASURED, *command], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return time.monotonic() - start, int(done.stdout.rpartition("peak ")[2])


def curated(project: Path, rows: int) -> tuple[float, int]:
    """Ten sources of so many short rows each, through all of curate; every row must be in the books."""
    names = [f"s{number}" for number in range(SOURCES)]
    make_small(new_project(project), {name: {**QA, "path": f"{name}.jsonl"} for name in names})
    for number, name in enumerate(names):
        write_rows(project, f"{name}.jsonl", questions(number, rows))
    took = measured_run(project)
    books = folder(project, "books").read().to_pylist()
    read = {row["source"]: row["count"] for row in books if (row["ledger"], row["line"]) == ("rows", "read")}
    assert read == dict.fromkeys(names, rows)
    return took


@pytest.mark.proof
def test_ten_sources_of_many_rows_are_in_the_books_and_only_numbers_of_them_in_memory(tmp_path, record_property):
    few, (seconds, peak) = curated(tmp_path / "few", ROWS // 10), curated(tmp_path / "many", ROWS)
    told = f"{SOURCES} x {ROWS:,} rows: {seconds:.0f} s, {SOURCES * ROWS / seconds:,.0f} rows/s, {peak:,} MB; a tenth: {few}"
    print(told)
    record_property("growth", told)
    assert peak < BASE_MB + SOURCES * ROWS * BYTES_PER_ROW / 2**20, told


@pytest.mark.proof
def test_a_source_of_five_thousand_files_is_read_file_by_file(tmp_path):
    project = make_small(new_project(tmp_path / "project"), {"files": {**QA, "path": "files/**/*.jsonl"}})
    rows = questions(1, 10_000)
    for number in range(5000):
        (project / f"data/01_raw/files/{number % 50}").mkdir(parents=True, exist_ok=True)
        write_rows(project, f"files/{number % 50}/{number}.jsonl", rows[2 * number : 2 * number + 2])
    seconds, peak = measured_run(project, "--to-nodes=curate.ingest.list_quarantined")
    told = f"5,000 files: {seconds:.0f} s, {peak:,} MB"
    print(told)
    assert folder(project, "records").rows == len(rows)
    assert peak < BASE_MB, told
