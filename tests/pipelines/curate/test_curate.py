"""The whole of curate, as a user runs it, in the `tiny` environment."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import track
from tests.running import digests, folder, heed_interrupts, kedro, run

TINY = "--env=tiny"


@pytest.fixture(scope="module")
def finished(make_project):
    project = make_project()
    track(project)
    run(project, TINY, "--params=engine.workers=2")
    return project


def test_a_run_ends_by_saying_what_was_made_and_removed_and_what_comes_next(finished):
    said = run(finished, TINY)
    for word in ("made", "removed", "next"):
        assert word in said
    assert "Traceback" not in said


def test_a_second_run_redoes_nothing_and_says_so(finished):
    before = digests(finished)
    said = run(finished, TINY)
    steps = [line for line in said.splitlines() if " ✓ " in line or " = " in line]
    assert steps
    assert all("unchanged" in line for line in steps)
    assert digests(finished) == before


def test_one_worker_makes_the_same_as_two(finished, make_project):
    other = make_project()
    run(other, TINY, "--params=engine.workers=1")
    assert digests(other) == digests(finished)


def test_another_threshold_measures_nothing_again_and_tokenizes_nothing_again(finished):
    before = dict(digests(finished).items())
    kept = (
        "records",
        "text_signals",
        "signatures",
        "leak_matches",
        "record_vectors",
        "group_keys",
        "tokenizer",
        "concept_space",
    )
    stamps = {name: [shard.path.stat().st_mtime_ns for shard in folder(finished, name).shards] for name in kept}
    made = {shard.entry.key for shard in folder(finished, "tokens").shards}
    run(finished, TINY, "--params=dedup.verify.threshold=0.75,decontaminate.min_coverage=0.9")
    try:
        assert digests(finished)["dedup_decisions"] != before["dedup_decisions"]
        for name in kept:
            assert [shard.path.stat().st_mtime_ns for shard in folder(finished, name).shards] == stamps[name], name
        again = [shard for shard in folder(finished, "tokens").shards if shard.entry.key not in made]
        assert again
        assert sum(shard.entry.note["fresh"] for shard in again) <= 40, "only what was removed before is tokenized now"
    finally:
        run(finished, TINY)
    assert digests(finished) == before


@pytest.mark.proof
def test_a_source_added_leaves_the_work_on_the_others_alone(finished):
    shards = {shard.path: shard.path.stat().st_mtime_ns for shard in folder(finished, "text_signals").shards}
    before = digests(finished)
    run(finished, TINY, "--params=run.sources=python_topics python_questions python_code python_packages")
    try:
        assert all(path.stat().st_mtime_ns == stamp for path, stamp in shards.items())
        assert len(folder(finished, "text_signals").shards) == len(shards) + 1
    finally:
        run(finished, TINY)
    assert digests(finished) == before


@pytest.mark.proof
def test_killed_at_any_moment_a_rerun_ends_with_the_same_digests(finished, make_project):
    """Five random moments; `make proof` has fifty, in `tests/faults/test_kills.py`."""
    project, rng = make_project(), random.Random(7)
    _kill_and_resume(project, [rng.uniform(0.5, 7) for _ in range(5)])
    assert digests(project) == digests(finished)


def _kill_and_resume(project, moments):
    command = [sys.executable, "-m", "kedro", "run", "--pipeline=curate", TINY, "--params=engine.workers=2"]
    for moment in moments:
        process = subprocess.Popen(
            command, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
    run(project, TINY)


def test_ctrl_c_leaves_no_process_and_says_how_to_go_on(project):
    command = [sys.executable, "-m", "kedro", "run", "--pipeline=curate", TINY, "--params=engine.workers=2"]
    process = subprocess.Popen(
        command,
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    _wait_until((project / "data/02_records/records").exists, 120)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command again to go on" in said
    _wait_until(lambda: not _any_left(process.pid), 5)


def _any_left(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(done, seconds):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_second_run_beside_the_first_is_refused(project):
    from polymath.errors import UserError
    from polymath.store.lock import ProjectLock

    lock = ProjectLock(project / "data" / ".lock")
    lock.acquire()
    result = kedro(project, "run", "--pipeline=curate", TINY)
    assert result.returncode == 1
    assert f"another run is at work in this project (process {os.getpid()}" in result.stderr
    with pytest.raises(UserError):
        ProjectLock(project / "data" / ".lock").acquire()
    lock.release()


def also(*given):
    """A case for `make proof`: tests/faults/test_one_message.py has its like within one process."""
    return pytest.param(*given, marks=pytest.mark.proof)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("run.sources=python_topic", "run.sources: 'python_topic' is not a source; did you mean 'python_topics'?"),
        also("dedup.verify.treshold=0.9", "dedup.verify.treshold: unknown key; did you mean 'threshold'?"),
        also("dedup.verify.threshold=1.5", "dedup.verify.threshold: Input should be less than or equal to 1, not 1.5"),
        also("tokenize.tokenizer.name=nobody/nothing", "tokenizer.name: 'nobody/nothing' cannot be loaded"),
    ],
)
def test_a_wrong_parameter_is_one_sentence_and_exit_code_1(finished, params, message):
    result = kedro(finished, "run", "--pipeline=curate", TINY, f"--params={params}")
    assert result.returncode == 1
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.stdout + result.stderr


def test_a_record_tells_its_story(finished):
    said = kedro(finished, "trace", "python_questions/3", TINY).stdout
    for word in ("ingest", "clean", "dedup", "split", "compose", "tokens", "track sft"):
        assert word in said
    assert "python_questions/3" in said


def test_every_example_of_a_track_is_in_a_sequence_or_told_to_be_left_out(finished):
    packed = folder(finished, "sequences").shards[[shard.name for shard in folder(finished, "sequences").shards].index("sft")]
    tokens = folder(finished, "tokens").shards
    left, piece = packed.read_aside().to_pylist()[0], packed.read(["pieces"])["pieces"][0].as_py()[0]
    for found, words in ((left, "left out, longer than sequence"), (piece, "sequence 0; ")):
        row = tokens[found["shard"]].take([found["example"]], ["id"]).to_pylist()[0]
        assert f"track sft: {words}" in " ".join(kedro(finished, "trace", row["id"], TINY).stdout.split())


def test_a_source_tells_its_composition(finished):
    said = kedro(finished, "trace", "--source", "python_code", TINY).stdout
    assert ("kept" in said and "near_duplicate" in said) or "made" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope/3"], "did you mean"),
        also(["python_code/99999999"], "has records 0 to"),
        also(["--source", "python_cod"], "did you mean 'python_code'"),
    ],
)
def test_a_record_that_is_none_is_one_sentence(finished, words, message):
    result = kedro(finished, "trace", *words, TINY)
    assert result.returncode == 1
    assert message in result.stderr or "is not a record" in result.stderr


def test_the_run_is_recorded_in_the_project_and_in_mlflow(finished):
    from mlflow import MlflowClient

    runs = sorted(path.parent for path in finished.glob("data/07_reports/runs/*/record.json"))
    records = [json.loads((run / "record.json").read_text()) for run in runs]
    assert {record["status"] for record in records} <= {"FINISHED", "FAILED"}
    first = next(number for number, record in enumerate(records) if record["status"] == "FINISHED")
    delivery = json.loads((runs[first] / "mlflow.json").read_text())
    assert delivery["sent"]
    found = MlflowClient(f"sqlite:///{finished / 'mlflow.db'}").get_run(delivery["mlflow_run"])
    assert found.data.params["dedup.verify.threshold"] == "0.8"
    assert found.data.metrics["records_kept"] == records[first]["metrics"]["records_kept"] > 0
    inputs = {each.dataset.name: each.dataset.digest for each in found.inputs.dataset_inputs}
    assert inputs["python_topics"] == folder(finished, "records").manifest.inputs["python_topics"]
