"""Losses that stand out of those before them."""

import json

import numpy as np
import pytest

from polymath.training.spikes import SpikeConfig, Watch
from polymath.training.tracks import Track, TrainingSet
from polymath.training.words import remark
from tests.training.mixes import BATCH, job

CONFIG = SpikeConfig()


def seen(losses, config=CONFIG, log=()):
    """The places of the losses that stand out."""
    watch = Watch(config, log)
    return [place for place, loss in enumerate(losses) if watch.sees(loss)]


def test_a_loss_that_jumps_is_seen_and_a_falling_curve_is_not():
    falling = 9 * np.exp(-np.arange(400) / 80) + np.random.default_rng(0).normal(0, 0.05, 400)
    assert seen(falling) == []
    falling[250] += 1
    assert seen(falling) == [250]


def test_what_was_usual_and_how_far_above_it_are_told():
    found = [Watch(CONFIG, [{"loss": 2 + 0.1 * (step % 2)} for step in range(32)]).sees(loss) for loss in (4.05, 2.05)]
    assert found == [{"usual": 2.05, "deviations": pytest.approx(2 / (1.4826 * 0.05), abs=0.1)}, None]


def test_losses_that_hardly_move_make_no_spikes_of_small_steps():
    assert seen([1.0] * 40 + [1.05]) == []
    assert seen([1.0] * 40 + [1.2]) == [40]


def test_a_few_spikes_do_not_hide_the_next():
    losses = [2 + 0.1 * (step % 3) for step in range(64)]
    for step in (40, 44, 48, 52):
        losses[step] = 6.0
    assert seen(losses) == [40, 44, 48, 52]


def test_begun_again_from_its_log_a_run_sees_what_it_would_have_seen():
    losses = list(2 + np.random.default_rng(1).normal(0, 0.1, 60))
    losses[50] = 4.0
    log = [{"loss": loss} for loss in losses[:45]]
    assert [45 + place for place in seen(losses[45:], log=log)] == seen(losses) == [50]


def test_of_gaussian_noise_few_steps_are_told():
    noise = np.random.default_rng(2).normal(3, 0.2, 10_000)
    assert len(seen(noise)) <= 2


def test_a_run_tells_the_examples_of_the_batch_at_once_and_in_its_result(made, tmp_path):
    """Without learning, losses are noise; and every loss above the median of those before it is called a spike."""
    from polymath.training.stages.sft import train

    still = {"optimizer": {"learning_rate": 1e-12}, "spikes": {"window": 8, "deviations": 1e-6, "least": 0.0}}
    done = job(made, tmp_path, train={"steps": 14, **still})
    train(done)
    log = [json.loads(line) for line in (done.folder / "log.jsonl").read_text().splitlines()]
    steps = [line for line in log if "loss" in line]
    expected = seen([line["loss"] for line in steps], done.run.train.spikes)
    spikes = json.loads((done.folder / "result.json").read_text())["spikes"]
    assert [spike["step"] for spike in spikes] == [place + 1 for place in expected] != []
    items = TrainingSet(Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft"), 14)
    step = spikes[0]["step"]
    assert spikes[0]["examples"] == list(dict.fromkeys(items.examples(range((step - 1) * BATCH, step * BATCH))))
    said = remark(steps[step - 1])
    assert said.startswith(f"step {step}: the loss is ")
    assert spikes[0]["examples"][0] in said
    assert remark(next(line for line in steps if "spike" not in line)) == ""
