"""A reward model trained on planted preferences: what it learns, what of, what it leaves."""

import json

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from polymath.training.build import build_model
from polymath.training.judged import Judged
from polymath.training.language_head import LanguageHead
from polymath.training.launch import launch
from polymath.training.objectives import Pairwise
from polymath.training.stages.reward import train
from polymath.training.tracks import Track
from polymath.training.trained import Trained
from tests.training.mixes import BATCH, job, losses, make_mix, ranks
from tests.training.test_ranks import stop_at

TRAIN = {"steps": 12, "validation": {"every_steps": 6, "sequences_per_task": 20}}
BOTH = Pairwise(language_weight=0.5, margin=0.25, centring=0.1)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Better replies repeat the prompt; worse ones are of other tokens."""
    return make_mix(tmp_path_factory.mktemp("pairs"), pair=True, planted=True)


@pytest.fixture(scope="module")
def scorer(pairs, tmp_path_factory):
    """The job of a small reward model, trained in this process."""
    return trained(job(pairs, tmp_path_factory.mktemp("scorer"), objective=Pairwise(), train=TRAIN))


@pytest.fixture(scope="module")
def speaker(pairs, tmp_path_factory):
    """The same with the next-token loss on the better reply beside."""
    return trained(job(pairs, tmp_path_factory.mktemp("speaker"), objective=BOTH, train=TRAIN))


def trained(done):
    """Carry out a job in this process, in a folder as a launched one leaves it."""
    done.folder.mkdir(parents=True)
    (done.folder / "run.json").write_text(done.model_dump_json())
    train(done)
    return done


def log(done):
    return [json.loads(line) for line in (done.folder / "log.jsonl").read_text().splitlines()]


def batch_of(made, step):
    """The pairs of a step's batch: ids of both sides, and where the better reply begins."""
    track = Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft")
    for sequence in track.order[(step - 1) * BATCH : step * BATCH]:
        better, worse = track.pair(int(sequence))
        start = int((better.labels == -100).nonzero()[0][-1]) + 1
        yield better.ids, worse.ids, start


def rewards(model, *sides):
    """Of each reply by itself, without padding or a batch."""
    return [model(torch.tensor(side)[None]).logits[0, 0] for side in sides]


def test_a_planted_preference_is_learnt(scorer):
    result = Trained(scorer.folder).result
    assert result["validation"]["all"] < 0.3 < result["first"]["all"]
    assert result["measured"]["accuracy"] > 0.9
    assert set(result["validation"]) == {"all", "sums", "words"}
    judged = Judged.read(scorer.folder, 12)
    assert judged is not None
    assert len(judged.names) == 30
    assert float(judged.right.mean()) == result["measured"]["accuracy"]


def test_the_loss_of_a_step_is_the_mean_over_the_pairs_of_its_batch(scorer, pairs):
    """The first step's, against Bradley and Terry's formula on the fresh model, reply by reply."""
    model = build_model(scorer.run).eval()
    model.config.pad_token_id = 0
    with torch.no_grad():
        margins = [torch.sub(*rewards(model, better, worse)) for better, worse, _ in batch_of(pairs, 1)]
    expected = -torch.nn.functional.logsigmoid(torch.stack(margins)).mean()
    first = next(line for line in log(scorer) if "loss" in line)
    assert first["loss"] == pytest.approx(float(expected), rel=1e-5)
    assert first["measured"]["margin"] == pytest.approx(float(torch.stack(margins).mean()), abs=1e-5)


def test_margin_centring_and_language_loss_are_added_as_their_dials_say(speaker, pairs):
    model = build_model(speaker.run).eval()
    model.config.pad_token_id = 0
    spoken, labels, pair = 0.0, 0, []
    with torch.no_grad():
        for better, worse, start in batch_of(pairs, 1):
            one, other = rewards(model, better, worse)
            pair.append(-torch.nn.functional.logsigmoid(one - other - 0.25) + 0.1 * (one + other) ** 2)
            ids = torch.tensor(better)
            logits = model.lm_head(model.model(ids[None]).last_hidden_state[0])[start - 1 : -1]
            spoken += float(torch.nn.functional.cross_entropy(logits, ids[start:], reduction="sum"))
            labels += len(ids) - start
    first = next(line for line in log(speaker) if "loss" in line)
    assert first["measured"]["language_loss"] == pytest.approx(spoken / labels, rel=1e-5)
    assert first["loss"] == pytest.approx(float(torch.stack(pair).mean()) + 0.5 * spoken / labels, rel=1e-5)


def test_what_it_leaves_scores_as_it_did_when_it_was_judged(scorer, pairs):
    model = AutoModelForSequenceClassification.from_pretrained(scorer.folder / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(scorer.folder / "model")
    assert model.config.num_labels == 1
    assert model.config.pad_token_id == tokenizer.pad_token_id
    judged = Judged.read(scorer.folder, 12)
    by_name = dict(zip(judged.names, judged.better, strict=True))
    track = Track(pairs.mix.tokens, pairs.mix.sequences, pairs.mix.schedule, "sft")
    held = [int(sequence) for sequence in track.of_split("validation")[:3]]
    sides = [torch.tensor(track.pair(sequence)[0].ids) for sequence in held]
    batch = torch.nn.utils.rnn.pad_sequence(sides, batch_first=True, padding_value=tokenizer.pad_token_id)
    with torch.no_grad():
        found = model(batch, attention_mask=(torch.arange(batch.shape[1]) < torch.tensor([[len(s)] for s in sides])).long())
    expected = [by_name[track.examples(sequence)[0]] for sequence in held]
    assert found.logits[:, 0].tolist() == pytest.approx(expected, rel=1e-4)


def test_with_the_language_head_beside_it_loads_as_either(speaker):
    from safetensors import safe_open

    path = speaker.folder / "model"
    with safe_open(path / "model.safetensors", "pt") as weights:
        names = set(weights.keys())
    assert "score.weight" in names
    assert "lm_head.weight" not in names  # tied to the embeddings: saved once
    scores, speaks = (kind.from_pretrained(path) for kind in (AutoModelForSequenceClassification, AutoModelForCausalLM))
    assert torch.equal(scores.model.embed_tokens.weight, speaks.lm_head.weight)
    told = [line["measured"]["language_loss"] for line in log(speaker) if "loss" in line]
    assert told[-1] < told[0] - 0.5


def test_an_untied_head_is_saved_under_its_own_name(pairs, tmp_path):
    given = job(pairs, tmp_path, objective=Pairwise(language_weight=1.0)).run
    start = given.start.model_copy(update={"architecture": {**given.start.architecture, "tie_word_embeddings": False}})
    model = build_model(given.model_copy(update={"start": start}))
    model.save_pretrained(tmp_path / "model")
    speaks = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    assert torch.equal(speaks.lm_head.weight, model.lm_head.weight)
    head = LanguageHead(model)
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad(), head.at(torch.tensor([1, 2])):
        model(ids)
        assert torch.allclose(head.logits, speaks(ids).logits[0, 1:], atol=1e-5)
    assert head.logits is None


def test_a_second_run_of_a_chain_goes_on_with_the_score_that_the_first_has_learnt(speaker, pairs):
    again = job(pairs, speaker.folder.parent, objective=Pairwise(), before=speaker.run, train={**TRAIN, "steps": 2})
    model = build_model(again.run)
    assert torch.equal(
        model.score.weight, AutoModelForSequenceClassification.from_pretrained(speaker.folder / "model").score.weight
    )
    assert not hasattr(model, "lm_head")


def test_adapters_learn_with_the_score_and_merge_into_what_scores_alike(scorer, pairs, tmp_path):
    dials = {"name": str(scorer.folder / "model"), "lora": {"rank": 4}}
    rate = {"optimizer": {"learning_rate": 0.01}}
    done = trained(job(pairs, tmp_path, objective=Pairwise(), model=dials, train={**TRAIN, **rate}))
    result = Trained(done.folder).result
    assert result["learning"] < result["parameters"] / 2
    assert result["validation"]["all"] < result["first"]["all"]
    before, after = (
        AutoModelForSequenceClassification.from_pretrained(each.folder / "model").eval() for each in (scorer, done)
    )
    assert not torch.equal(before.score.weight, after.score.weight)
    track = Track(pairs.mix.tokens, pairs.mix.sequences, pairs.mix.schedule, "sft")
    sequence = int(track.of_split("validation")[0])
    judged = Judged.read(done.folder, 12)
    with torch.no_grad():
        (found,) = rewards(after, track.pair(sequence)[0].ids)
    expected = dict(zip(judged.names, judged.better, strict=True))[track.examples(sequence)[0]]
    assert float(found) == pytest.approx(expected, rel=1e-4)


def test_beside_adapters_in_bf16_the_score_is_kept_exactly(scorer, pairs, tmp_path):
    dials = {"name": str(scorer.folder / "model"), "lora": {"rank": 4}}
    model = build_model(job(pairs, tmp_path, objective=Pairwise(), model=dials, train={"precision": "bf16"}).run)
    kinds = {(each.requires_grad, each.dtype) for each in model.parameters()}
    assert kinds == {(True, torch.float32), (False, torch.bfloat16)}


@pytest.fixture(scope="module")
def begun(pairs, tmp_path_factory):
    """A folder to start from, so that all runs have the same weights."""
    done = trained(job(pairs, tmp_path_factory.mktemp("begun"), objective=BOTH, train={"steps": 1}))
    return str(done.folder / "model")


@pytest.mark.proof
@pytest.mark.parametrize("objective", [Pairwise(), BOTH])
def test_each_step_has_the_loss_on_two_ranks_that_it_has_on_one(pairs, begun, tmp_path, objective):
    given = {"objective": objective, "model": {"name": begun}, "train": {**TRAIN, "optimizer": {"learning_rate": 0.01}}}
    alone = job(pairs, tmp_path / "alone", **given)
    launch(alone, lambda facts: None)
    for zero in (2, 3):
        done = job(pairs, tmp_path / str(zero), ranks(2), hardware={"zero": zero, "micro_batch": 1}, **given)
        launch(done, lambda facts: None)
        assert losses(done.folder) == pytest.approx(losses(alone.folder), rel=2e-4)
        one, two = (Judged.read(each.folder, 12) for each in (alone, done))
        assert one.names == two.names
        assert two.margins == pytest.approx(one.margins, rel=5e-3, abs=5e-3)
        AutoModelForSequenceClassification.from_pretrained(done.folder / "model")


@pytest.mark.proof
def test_killed_and_begun_again_it_ends_with_the_same_losses_to_the_last_digit(pairs, tmp_path):
    import os
    import signal
    import subprocess
    import sys

    whole = job(pairs, tmp_path / "whole", objective=BOTH, train=TRAIN)
    launch(whole, lambda facts: None)
    again = job(pairs, tmp_path / "again", objective=BOTH, train=TRAIN)
    again.folder.mkdir(parents=True)
    (again.folder / "run.json").write_text(again.model_dump_json())
    words = [sys.executable, "-m", "polymath.training.worker", str(again.folder / "run.json")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if '"step": 9,' in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    told = []
    launch(again, told.append)
    assert told[0]["step"] == 6
    assert losses(again.folder) == losses(whole.folder)
    weights = [(each.folder / "model/model.safetensors").read_bytes() for each in (whole, again)]
    assert weights[0] == weights[1]


@pytest.mark.proof
@pytest.mark.parametrize("zero", [2, 3])
def test_from_two_ranks_it_goes_on_on_one(pairs, begun, tmp_path, zero):
    given = {"objective": BOTH, "model": {"name": begun}, "train": {**TRAIN, "optimizer": {"learning_rate": 0.01}}}
    alone = job(pairs, tmp_path / "alone", **given)
    launch(alone, lambda facts: None)
    two = job(pairs, tmp_path / "two", ranks(2), hardware={"zero": zero, "micro_batch": 1}, **given)
    stop_at(two, 8)
    one = job(pairs, tmp_path / "two", **given)
    assert one.folder == two.folder
    told = []
    launch(one, told.append)
    assert told[0]["step"] == 6
    assert losses(one.folder) == pytest.approx(losses(alone.folder), rel=5e-4)
