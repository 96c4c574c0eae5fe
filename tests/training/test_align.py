"""Alignment: what pairs of replies and rewards teach a small model, and that ranks, kills and adapters change nothing of it."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from polymath.errors import UserError
from polymath.store.folder import ShardFolder
from polymath.training import launch as launching
from polymath.training.launch import launch
from polymath.training.objectives import Direct, Grouped, Rewards
from polymath.training.pairs import held_out
from polymath.training.stages import dpo, grpo
from polymath.training.tracks import IGNORED, Track
from polymath.training.trained import Trained
from tests.training.aligning import base_model, with_checks
from tests.training.mixes import BATCH, job, losses, make_mix, ranks, steps, training
from tests.training.test_ranks import stop_at

LETTERS = Rewards(weights={"format": 1.0}, format="[a-z ]+")
TOWARDS = {
    "dpo": Direct(),
    "grpo": Grouped(replies=8, max_new_tokens=8, beta=0.1, rewards=LETTERS),
}
TRAIN = {"steps": 6, "validation": {"every_steps": 3, "sequences_per_task": 4}, "optimizer": {"learning_rate": 0.01}}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Better replies repeat the prompt; worse ones are of other tokens."""
    return make_mix(tmp_path_factory.mktemp("pairs"), pair=True, planted=True)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory):
    """A prompt a sequence."""
    folder = tmp_path_factory.mktemp("prompts")
    return with_checks(make_mix(folder, tracks={"sft": {"kind": "prompts"}}), folder)


@pytest.fixture(scope="module")
def base(made, pairs, tmp_path_factory):
    """A folder to start from."""
    return base_model(pairs, made, tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def mixes(pairs, prompts):
    return {"dpo": pairs, "grpo": prompts}


@pytest.fixture(scope="module")
def directed(pairs, base, tmp_path_factory):
    """The job of a model that was aligned with pairs, in this process."""
    train = {**TRAIN, "steps": 12, "validation": {"every_steps": 6, "sequences_per_task": 8}}
    done = job(pairs, tmp_path_factory.mktemp("directed"), objective=Direct(), model={"name": base}, train=train)
    dpo.train(done)
    return done


@pytest.fixture(scope="module")
def rewarded(prompts, base, tmp_path_factory):
    """The job of a model that was aligned with a reward for letters, in this process."""
    train = {**TRAIN, "steps": 18, "validation": {"every_steps": 9, "sequences_per_task": 8}}
    train["optimizer"] = {"learning_rate": 0.008, "schedule": "constant"}
    done = job(prompts, tmp_path_factory.mktemp("rewarded"), objective=TOWARDS["grpo"], model={"name": base}, train=train)
    grpo.train(done)
    return done


def log(done, what):
    lines = [json.loads(line) for line in (done.folder / "log.jsonl").read_text().splitlines()]
    return [line for line in lines if what in line]


def test_pairs_raise_the_margin_of_the_better_reply_on_held_out_pairs_too(directed):
    before, *_, after = (line["measured"] for line in log(directed, "validation"))
    assert before["margin"] == pytest.approx(0, abs=1e-6)
    assert after["margin"] > 0.5
    assert before["kl"] == pytest.approx(0, abs=1e-6)
    assert 0.001 < after["kl"] < 1
    assert after["accuracy"] > 0.9
    assert {"accuracy sums", "accuracy words"} <= set(after)
    assert log(directed, "loss")[-1]["measured"]["rewards/accuracies"] > 0.9
    AutoModelForCausalLM.from_pretrained(directed.folder / "model")


def test_the_divergence_is_that_of_the_whole_distributions_at_each_token_of_the_better_replies(directed, base):
    data = directed.data
    track = Track(*(ShardFolder.open(place) for place in (data.tokens, data.sequences, data.schedule)), "sft")
    models = [AutoModelForCausalLM.from_pretrained(place) for place in (directed.folder / "model", base)]
    nats = []
    for sequence in held_out(track, 8):
        better = track.pair(int(sequence))[0]
        now, was = (model(torch.tensor(better.ids)[None]).logits[0].log_softmax(-1) for model in models)
        told = np.flatnonzero(better.labels != IGNORED) - 1
        nats += (now.exp() * (now - was)).sum(-1)[told].tolist()
    assert log(directed, "validation")[-1]["measured"]["kl"] == pytest.approx(np.mean(nats), rel=1e-3)


def test_the_validation_loss_begins_at_that_of_a_coin_and_falls(directed):
    result = Trained(directed.folder).result
    assert result["first"]["all"] == pytest.approx(0.6931, abs=1e-3)
    assert result["validation"]["all"] < 0.5


def test_a_reward_rises_measurably_while_the_divergence_stays_bounded(rewarded):
    steps = [line["measured"] for line in log(rewarded, "loss")]
    first, last = (sum(step["reward"] for step in some) / 6 for some in (steps[:6], steps[-6:]))
    assert last > first + 0.1
    assert steps[0]["kl"] == pytest.approx(0, abs=1e-4)
    assert max(step["kl"] for step in steps) < 0.5
    assert steps[-1]["rewards/format/mean"] == pytest.approx(steps[-1]["reward"])


def test_held_out_prompts_are_answered_and_earn_more_too(rewarded):
    before, *_, after = log(rewarded, "validation")
    assert after["measured"]["reward format"] > before["measured"]["reward format"] + 0.05
    assert after["validation"]["all"] == pytest.approx(-after["measured"]["reward format"])
    assert set(after["validation"]) == {"all", "sums", "words"}
    assert {"reply tokens", "distinct 2", "self-BLEU", "ended"} <= set(after["measured"])


def test_the_prompts_of_a_step_are_the_schedules(prompts, base, tmp_path, monkeypatch):
    from polymath.training.grpo_trainer import PromptTrainer

    asked = []
    make = PromptTrainer._generate_and_score_completions
    monkeypatch.setattr(
        PromptTrainer,
        "_generate_and_score_completions",
        lambda self, inputs: asked.append([each["slot"] for each in inputs]) or make(self, inputs),
    )
    train = {**TRAIN, "steps": 2, "validation": {"every_steps": 2, "sequences_per_task": 1}}
    grpo.train(job(prompts, tmp_path, objective=TOWARDS["grpo"], model={"name": base}, train=train))
    assert asked == [[slot for slot in range(step * BATCH, (step + 1) * BATCH) for _ in range(8)] for step in range(2)]


def test_with_adapters_the_model_without_them_is_the_reference(pairs, base, tmp_path):
    train = {**TRAIN, "steps": 3}
    done = job(pairs, tmp_path, objective=Direct(), model={"name": base, "lora": {"rank": 4}}, train=train)
    dpo.train(done)
    first, *_, last = log(done, "validation")
    assert first["measured"]["margin"] == pytest.approx(0, abs=1e-5)
    assert last["measured"]["margin"] > 0
    assert first["measured"]["kl"] == pytest.approx(0, abs=1e-6)
    assert last["measured"]["kl"] > 0
    assert (done.folder / "adapter/adapter_config.json").exists()
    assert Trained(done.folder).result["learning"] < Trained(done.folder).result["parameters"]


def test_a_fresh_model_cannot_be_aligned(pairs):
    with pytest.raises(UserError, match="'small' is a fresh model; only one that has learnt to answer can be aligned"):
        training(pairs, objective=Direct())


def test_a_method_takes_a_track_of_its_kind(made, pairs, base):
    with pytest.raises(UserError, match="'sft' holds pairs, and this stage learns from one prompt a sequence"):
        training(pairs, objective=TOWARDS["grpo"], model={"name": base})
    with pytest.raises(UserError, match="'sft' holds packed sequences, and this stage learns from one prompt a sequence"):
        training(made, objective=TOWARDS["grpo"], model={"name": base})


@pytest.mark.proof
@pytest.mark.parametrize("zero", [2, 3])
def test_two_ranks_train_on_the_same_pairs(pairs, base, tmp_path, zero):
    given = {"objective": Direct(), "model": {"name": base}, "train": TRAIN}
    alone = job(pairs, tmp_path / "1", **given)
    both = job(pairs, tmp_path / "2", ranks(2), hardware={"zero": zero}, **given)
    for each in (alone, both):
        launch(each, lambda facts: None)
    AutoModelForCausalLM.from_pretrained(both.folder / "model")
    assert losses(both.folder) == pytest.approx(losses(alone.folder), rel=1e-3)
    assert steps(both.folder, "tokens") == steps(alone.folder, "tokens")


@pytest.mark.proof
@pytest.mark.parametrize("zero", [2, 3])
def test_two_ranks_reply_to_the_prompts_of_the_schedule(prompts, base, tmp_path, monkeypatch, zero):
    """Replies are drawn by each rank for itself, so losses say nothing of it: each rank writes down what it replies to."""
    recorded = partial(launching.command, module="tests.training.recorded")
    monkeypatch.setattr(launching, "command", recorded)
    given = {"objective": TOWARDS["grpo"], "model": {"name": base}, "train": TRAIN}
    both = job(prompts, tmp_path, ranks(2), hardware={"zero": zero}, **given)
    launch(both, lambda facts: None)
    AutoModelForCausalLM.from_pretrained(both.folder / "model")
    assert len(losses(both.folder)) == 6
    seen = [[json.loads(line) for line in (both.folder / f"slots-{rank}.jsonl").read_text().splitlines()] for rank in range(2)]
    for step in range(6):
        own = [[slot for when, slots in of_rank if when == step for slot in slots] for of_rank in seen]
        assert len(own[0]) == len(own[1])
        assert sorted(own[0] + own[1]) == [slot for slot in range(step * BATCH, (step + 1) * BATCH) for _ in range(8)]


@pytest.mark.proof
@pytest.mark.parametrize("method", ["dpo", "grpo"])
def test_killed_and_begun_again_it_ends_as_if_it_had_not_been(mixes, base, tmp_path, method):
    train = {**TRAIN, "steps": 12, "checkpoints": {"every_steps": 3}}
    given = {"objective": TOWARDS[method], "model": {"name": base}, "train": train}
    whole, killed = job(mixes[method], tmp_path / "whole", **given), job(mixes[method], tmp_path / "killed", **given)
    launch(whole, lambda facts: None)
    stop_at(killed, 8)
    launch(killed, lambda facts: None)
    assert losses(killed.folder) == losses(whole.folder)
    measured = [[line["measured"] for line in log(each, "measured")] for each in (whole, killed)]
    assert measured[0] == measured[1]


@pytest.mark.proof
@pytest.mark.parametrize("zero", [2, 3])
def test_from_two_ranks_it_goes_on_on_one(pairs, base, tmp_path, zero):
    train = {**TRAIN, "steps": 9, "checkpoints": {"every_steps": 3}}
    given = {"objective": Direct(), "model": {"name": base}, "train": train}
    alone = job(pairs, tmp_path / "alone", **given)
    launch(alone, lambda facts: None)
    two = job(pairs, tmp_path / "two", ranks(2), hardware={"zero": zero}, **given)
    stop_at(two, 5)
    one = job(pairs, tmp_path / "two", **given)
    assert one.folder == two.folder
    told = []
    launch(one, told.append)
    assert told[0]["step"] == 3
    assert losses(one.folder) == pytest.approx(losses(alone.folder), rel=1e-3)
