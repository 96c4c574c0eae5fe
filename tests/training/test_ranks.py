"""The same run on several ranks: the same batches, whatever is split among them and however a batch lies on them."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from polymath.errors import UserError
from polymath.training.build import build_model
from polymath.training.launch import launch
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from polymath.training.trained import Trained
from tests.training.mixes import job, losses, ranks, steps

pytestmark = pytest.mark.proof


@pytest.fixture(scope="module")
def start(made, tmp_path_factory):
    """A folder to start from, so that all runs have the same weights."""
    folder = tmp_path_factory.mktemp("start") / "model"
    build_model(job(made, folder).run).save_pretrained(folder)
    load_tokenizer(tokenizer_row(made.mix.tokenizer)).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def done_alone(made, start, tmp_path_factory):
    """The job of six steps on one rank."""
    done = job(made, tmp_path_factory.mktemp("alone"), model={"name": start}, train=TRAIN)
    launch(done, lambda facts: None)
    return done


@pytest.fixture(scope="module")
def alone(done_alone):
    """Its losses."""
    return losses(done_alone.folder)


TRAIN = {"optimizer": {"learning_rate": 0.01}}


@pytest.mark.parametrize(
    ("count", "hardware"),
    [
        (1, {"micro_batch": 4}),
        (2, {"zero": 0}),
        (2, {"zero": 2, "micro_batch": 1}),
        (2, {"zero": 3, "micro_batch": 2}),
    ],
)
def test_each_step_has_the_loss_and_the_tokens_that_it_has_on_one_rank(made, start, done_alone, tmp_path, count, hardware):
    done = job(made, tmp_path, ranks(count), model={"name": start}, hardware=hardware, train=TRAIN)
    launch(done, lambda facts: None)
    assert losses(done.folder) == pytest.approx(losses(done_alone.folder), rel=2e-4)
    assert steps(done.folder, "tokens") == steps(done_alone.folder, "tokens")
    AutoModelForCausalLM.from_pretrained(done.folder / "model")


@pytest.mark.parametrize("zero", [2, 3])
def test_from_two_ranks_it_goes_on_on_one(made, start, alone, tmp_path, zero):
    given = {"model": {"name": start}, "train": TRAIN}
    two = job(made, tmp_path, ranks(2), hardware={"zero": zero, "micro_batch": 2}, **given)
    stop_at(two, 4)
    one = job(made, tmp_path, **given)
    assert one.folder == two.folder
    told = []
    launch(one, told.append)
    assert told[0]["step"] == 3
    assert losses(one.folder) == pytest.approx(alone, rel=5e-4)


def test_from_one_rank_it_goes_on_on_two(made, start, alone, tmp_path):
    given = {"model": {"name": start}, "train": TRAIN}
    stop_at(job(made, tmp_path, **given), 4)
    two = job(made, tmp_path, ranks(2), **given)
    launch(two, lambda facts: None)
    assert losses(two.folder) == pytest.approx(alone, rel=2e-4)


def test_a_killed_rank_ends_all_within_seconds(made, start, tmp_path):
    done = job(made, tmp_path, ranks(2), model={"name": start}, hardware={"zero": 2}, train={**TRAIN, "steps": 40})
    ended: list[float] = []

    def kill(facts):
        if facts["kind"] == "step" and facts["step"] == 2 and not ended:
            ended.append(time.monotonic())
            os.kill(workers_of(done.folder)[-1], signal.SIGKILL)

    with pytest.raises(UserError, match=r"training stopped: a rank"):
        launch(done, kill)
    assert time.monotonic() - ended[0] < 20
    assert workers_of(done.folder) == []


def test_adapters_learn_while_the_model_stands_still(made, start, tmp_path):
    dials = {"model": {"name": start, "lora": {"rank": 4}}, "train": {**TRAIN, "steps": 12}}
    done = job(made, tmp_path, ranks(2), hardware={"zero": 2}, **dials)
    told: list = []
    launch(done, told.append)
    result = Trained(done.folder).result
    assert result["learning"] < result["parameters"] / 2
    assert result["validation"]["all"] < result["first"]["all"]
    assert (done.folder / "adapter" / "adapter_model.safetensors").exists()
    before, after = (AutoModelForCausalLM.from_pretrained(each).state_dict() for each in (start, done.folder / "model"))
    assert before.keys() == after.keys()
    assert (before["model.embed_tokens.weight"] == after["model.embed_tokens.weight"]).all()
    assert (before["model.layers.0.mlp.up_proj.weight"] != after["model.layers.0.mlp.up_proj.weight"]).any()


def stop_at(given, step):
    """Kill a run, all of it, once it tells of a step."""
    stopped = threading.Event()

    def listen(facts):
        if facts["kind"] == "step" and facts["step"] == step and not stopped.is_set():
            stopped.set()
            for pid in workers_of(given.folder):
                os.kill(pid, signal.SIGKILL)

    with pytest.raises(UserError, match="training stopped"):
        launch(given, listen)


def workers_of(folder):
    """Processes of the ranks that work in a folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if (
            str(folder / "run.json") in words
            and "deepspeed.launcher.runner" not in words
            and "deepspeed.launcher.launch" not in words
        ):
            found.append(int(pid))
    return sorted(found)
