"""`kedro run --pipeline=finetune`, as a user runs it, over a mix that curate's own packing and schedule made."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from polymath.training.trained import Trained
from tests.running import kedro
from tests.training.mixes import make_mix

WORDS = ("run", "--pipeline=finetune", "--env=tiny")


@pytest.fixture(scope="module")
def project(make_project):
    made = make_project()
    make_mix(made / "data/04_tokens")
    return made


@pytest.fixture(scope="module")
def said(project):
    result = kedro(project, *WORDS)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def trained(project):
    found = Trained.find(project / "data/05_models/finetune")
    assert found is not None
    return found


def test_it_says_what_each_rank_will_need_and_what_was_learnt(said, project):
    told = " ".join(said.split())
    assert "4 steps of 4 sequences (track sft) on 1 CPU rank" in told
    assert "each rank needs about" in told
    assert "validation loss" in told
    assert "model data/05_models/finetune/" in told
    assert trained(project).result["step"] == 4


def test_the_run_says_what_it_was_trained_on_and_under_which_licences(said, project):
    run = trained(project).job.run
    assert set(run.mix.composition) == {"closed_qa", "instruct"}
    assert sum(run.mix.composition.values()) == pytest.approx(1, abs=1e-5)
    assert run.mix.licences == {"sums": "not stated", "words": "not stated"}


def test_a_second_run_trains_nothing_and_says_so(said, project):
    before = (trained(project).folder / "result.json").stat().st_mtime_ns
    again = kedro(project, *WORDS)
    assert "unchanged" in next(line for line in again.stdout.splitlines() if line.startswith("train"))
    assert (trained(project).folder / "result.json").stat().st_mtime_ns == before


def test_what_would_end_the_training_ends_it_before_it_starts(project):
    result = kedro(project, *WORDS, "--params=finetune.model.name=tinny")
    assert result.returncode == 1
    said = " ".join(result.stderr.split())
    assert "finetune.model.name: 'tinny' is no shape, no folder, and no model that can be read from the hub" in said
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.proof
def test_killed_with_its_ranks_and_begun_again_it_goes_on(project):
    words = (*WORDS, "--params=finetune.train.steps=60,finetune.train.checkpoints.every_steps=5,finetune.hardware.cpu_ranks=2")
    process = subprocess.Popen([sys.executable, "-m", "kedro", *words], cwd=project, stdout=subprocess.DEVNULL)
    folder = project / "data/05_models/finetune"
    while not (begun := unfinished(folder)):
        time.sleep(0.1)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(3)  # the ranks see that their launcher is gone
    step = max(int(path.name.rpartition("-")[2]) for path in begun)
    again = time.time()
    result = kedro(project, *words)
    assert result.returncode == 0, result.stderr
    steps = trained(project).result["steps"]  # all that the small mix has
    log = [json.loads(line) for line in (trained(project).folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if "loss" in line] == list(range(1, steps + 1))
    assert all((line["time"] < again) == (line["step"] <= step) for line in log)  # what stood in the checkpoint was not redone


def unfinished(folder):
    """Checkpoints of runs that have not ended."""
    every = folder.glob("*/checkpoints/checkpoint-*")
    return [path for path in every if not (path.parents[1] / "result.json").exists()]
