"""Runs that go on from one another's models, and on a track from where the one before stopped."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from polymath.errors import UserError
from polymath.training.launch import launch
from polymath.training.tracks import Track
from polymath.training.trained import Trained
from tests.training.mixes import BATCH, losses, make_mix, ranks, training

OWN = {"pretrain.1": {}, "pretrain.2": {"sources": "words"}}
EVERY = {"every_steps": 2, "sequences_per_task": 4, "by": "source"}


@pytest.fixture(scope="module")
def mix(tmp_path_factory):
    return make_mix(tmp_path_factory.mktemp("mix"), tracks=OWN, task="text")


def train_dials(track, steps, rate=0.01):
    return {"track": track, "steps": steps, "validation": EVERY, "optimizer": {"learning_rate": rate}}


def chain(made, machine=None, last=0.01):
    """Two stages on one track, and one on another."""
    runs, before = [], None
    for track, steps, rate in (("pretrain.1", 4, 0.01), ("pretrain.1", 3, 0.005), ("pretrain.2", 2, last)):
        given = {"hardware": {"zero": 2}} if machine else {}
        one = training(
            made, **({"machine": machine} if machine else {}), before=before, train=train_dials(track, steps, rate), **given
        )
        runs.append(one)
        before = one.run
    return runs


def carry_out(runs, folder):
    for each in runs:
        launch(each.job(folder), lambda facts: None)
    return [Trained(each.job(folder).folder) for each in runs]


def test_on_one_track_a_run_goes_on_where_the_one_before_it_stopped(mix):
    runs = [each.run for each in chain(mix)]
    assert [run.begins for run in runs] == [0, 4, 0]
    assert runs[2].taken == {"pretrain.1": 7}
    whole, later = (
        Track(mix.mix.tokens, mix.mix.sequences, mix.mix.schedule, "pretrain.1", begins) for begins in (0, runs[1].begins)
    )
    assert np.array_equal(later.order, whole.order[4 * BATCH :])
    assert later.steps == whole.steps - 4


def test_another_last_stage_leaves_the_runs_before_it_as_they_are(mix):
    here, there = ([each.run.key for each in chain(mix, last=rate)] for rate in (0.01, 0.002))
    assert here[:2] == there[:2]
    assert here[2] != there[2]


def test_a_track_that_is_used_up_is_named(mix):
    whole = training(mix, train=train_dials("pretrain.1", 1000)).run
    with pytest.raises(UserError, match=r"train\.track: the runs before this one take all \d+ batches of 'pretrain\.1'"):
        training(mix, before=whole, train=train_dials("pretrain.1", 1))


def test_a_budget_of_tokens_is_spent_in_whole_batches(mix):
    known = Track(mix.mix.tokens, mix.mix.sequences, mix.mix.schedule, "pretrain.1")
    seen = known.sizes[known.order].reshape(-1, BATCH).sum(1).cumsum()
    for tokens, steps in ((1, 1), (int(seen[2]), 3), (int(seen[2]) + 1, 4), (10**9, known.steps)):
        assert training(mix, train={**train_dials("pretrain.1", None), "tokens": tokens}).run.steps == steps
    assert training(mix, train={**train_dials("pretrain.1", 2), "tokens": int(seen[2])}).run.steps == 2


def test_a_run_begins_with_the_model_that_the_one_before_it_left(mix, tmp_path):
    """Both in this process, on one track: what it is before its first step is what the other was after its last."""
    from polymath.training.stages.sft import train

    first, second, _ = chain(mix)
    for each in (first, second):
        job = each.job(tmp_path)
        train(job)
        (job.folder / "run.json").write_text(job.model_dump_json())
    before, after = (Trained(each.job(tmp_path).folder) for each in (first, second))
    assert after.result["first"] == pytest.approx(before.result["validation"], abs=1e-5)
    assert set(after.result["validation"]) == {"all", "sums", "words"}
    assert after.result["perplexity"]["sums"] == pytest.approx(np.exp(after.result["validation"]["sums"]), abs=1e-3)
    assert [run.folder for run in after.chain] == [before.folder, after.folder]
    card = (after.folder / "model/README.md").read_text()
    assert "trained before by finetune `small-pretrain.1` (track `pretrain.1`, 4 steps); finetune goes on from there" in card
    assert str(tmp_path) not in card


@pytest.mark.proof
def test_killed_in_its_second_stage_and_begun_again_a_chain_ends_as_it_would_have(mix, tmp_path):
    whole = carry_out(chain(mix), tmp_path / "whole")
    runs, folder = chain(mix), tmp_path / "killed"
    carry_out(runs[:1], folder)
    job = runs[1].job(folder)
    job.folder.mkdir(parents=True)
    (job.folder / "run.json").write_text(job.model_dump_json())
    words = [sys.executable, "-m", "polymath.training.worker", str(job.folder / "run.json")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if '"step": 3,' in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    assert not (job.folder / "result.json").exists()
    again = carry_out(runs[1:], folder)
    assert [losses(run.folder) for run in again] == [losses(run.folder) for run in whole[1:]]
    weights = [(run.folder / "model/model.safetensors").read_bytes() for run in (again[-1], whole[-1])]
    assert weights[0] == weights[1]


@pytest.mark.proof
def test_two_ranks_under_deepspeed_train_the_chain_that_one_trains(mix, tmp_path):
    alone = carry_out(chain(mix), tmp_path / "one")
    together = carry_out(chain(mix, machine=ranks(2)), tmp_path / "two")
    for one, two in zip(alone, together, strict=True):
        assert two.job.run.layout.zero == 2
        assert losses(two.folder) == pytest.approx(losses(one.folder), abs=1e-4)
        assert two.result["validation"] == pytest.approx(one.result["validation"], abs=1e-4)
