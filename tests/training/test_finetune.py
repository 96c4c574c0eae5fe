"""A model trained in a process of its own: what it learns, leaves and says."""

import json
import math

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from polymath.errors import UserError
from polymath.training.checkpoints import write_scores
from polymath.training.launch import launch
from polymath.training.prepare import Scores
from polymath.training.trained import Trained
from tests.training.mixes import BATCH, job, losses


def test_it_learns_and_tells_of_each_step(trained):
    done, told = trained
    steps = [facts for facts in told if facts["kind"] == "step"]
    assert told[0]["kind"] == "start"
    assert [facts["step"] for facts in steps] == list(range(1, 13))
    assert all(facts["tokens"] > 0 and facts["memory_mb"] > 0 and math.isfinite(facts["grad_norm"]) for facts in steps)
    result = Trained(done.folder).result
    assert result["validation"]["all"] < result["first"]["all"] - 1
    assert set(result["validation"]) == {"all", "closed_qa", "instruct"}


def test_what_it_leaves_loads_anywhere(trained):
    done, _ = trained
    model = AutoModelForCausalLM.from_pretrained(done.folder / "model")
    tokenizer = AutoTokenizer.from_pretrained(done.folder / "model")
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "one and two"}], tokenize=False, add_generation_prompt=True
    )
    assert asked.endswith("### Instruction:\none and two\n\n### Response:\n")
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == model.config.eos_token_id
    card = (done.folder / "model" / "README.md").read_text()
    for words in ("closed_qa", "CC-BY-4.0", done.run.mix.digests["tokens"][:12], "perplexity"):
        assert words in card


def test_the_loss_of_a_step_is_the_mean_over_the_labelled_tokens_of_its_batch(trained, made):
    """The first step's loss against a plain computation on the fresh model, document by document."""
    from polymath.training.build import build_model
    from polymath.training.collate import documents
    from polymath.training.tracks import Track, TrainingSet

    done, told = trained
    model = build_model(done.run).eval()
    items = TrainingSet(Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft"), 1)
    total, count = 0.0, 0
    with torch.no_grad():
        for slot in range(BATCH):
            for document in documents(items[slot]):
                ids, labels = torch.tensor(document["input_ids"]), torch.tensor(document["labels"])
                logits = model(ids[None]).logits[0, :-1]
                total += float(torch.nn.functional.cross_entropy(logits, labels[1:], ignore_index=-100, reduction="sum"))
                count += int((labels[1:] != -100).sum())
    first = next(facts for facts in told if facts["kind"] == "step")
    assert first["loss"] == pytest.approx(total / count, rel=1e-5)


def test_checkpoints_are_kept_by_the_policy(trained):
    done, _ = trained
    kept = sorted(path.name for path in (done.folder / "checkpoints").iterdir())
    assert kept == ["checkpoint-12", "checkpoint-8"]
    assert [path.name for path in Trained(done.folder).checkpoints] == ["checkpoint-8"]  # the model is the other
    assert json.loads((done.folder / "checkpoints/checkpoint-8/layout.json").read_text()) == {"ranks": 1, "zero": 0}


def test_its_checkpoints_are_scored_while_it_waits_the_last_one_too(trained):
    done, told = trained
    scored = [facts for facts in told if facts["kind"] == "scores"]
    assert [(facts["step"], facts["scores"]["wholeness"]["score"]) for facts in scored] == [(8, 1.0), (12, 1.0)]
    assert Trained(done.folder).result["scores"] == scored[-1]["scores"]
    order = [(facts["kind"], facts["step"]) for facts in told if facts["step"] in (8, 9)]
    assert order == [("step", 8), ("validation", 8), ("scores", 8), ("step", 9)]


def test_a_checkpoint_that_a_killed_run_left_unscored_is_scored_before_it_goes_on(trained, made, tmp_path):
    """Begun again from the checkpoint of step 8, as a kill before its scores would leave it; in this process."""
    import shutil

    from polymath.training.stages.sft import train

    done, _ = trained
    again = job(made, tmp_path, train={"steps": 12, "validation": {"every_steps": 4}}, scores=Scores(every=8, label="late"))
    shutil.copytree(done.folder / "checkpoints/checkpoint-8", again.folder / "checkpoints/checkpoint-8")
    kept = [line for line in (done.folder / "log.jsonl").read_text().splitlines() if '"scores"' not in line]
    (again.folder / "log.jsonl").write_text("".join(f"{line}\n" for line in kept))
    for step in (8, 12):  # as the launcher would leave them
        write_scores(again.folder, step, "late", {"late": {"score": 0.5}})
    train(again)
    log = [json.loads(line) for line in (again.folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if "scores" in line] == [8, 12]
    assert losses(again.folder) == losses(done.folder)


def test_where_patience_ends_a_run_its_last_checkpoint_and_the_exported_one_are_scored(made, tmp_path):
    """At a rate at which no validation is better than the first; in this process."""
    from polymath.training.stages.sft import train

    dials = {"steps": 12, "validation": {"every_steps": 2, "patience": 2}}
    hasty = {"learning_rate": 1.0, "warmup_share": 0}
    stopped = job(made, tmp_path, train={**dials, "optimizer": hasty}, scores=Scores(every=11, label="late"))
    stopped.folder.mkdir(parents=True)
    for step in (2, 4):  # as the launcher would leave them
        write_scores(stopped.folder, step, "late", {"late": {"score": step / 10}})
    train(stopped)
    log = [json.loads(line) for line in (stopped.folder / "log.jsonl").read_text().splitlines()]
    losses_ = {line["step"]: line["validation"]["all"] for line in log if "validation" in line}
    assert list(losses_) == [0, 2, 4]  # twice no better than the first: the run ends
    best = min((2, 4), key=lambda step: losses_[step])
    assert [line["step"] for line in log if "scores" in line] == list(dict.fromkeys([4, best]))
    result = Trained(stopped.folder).result
    assert (result["step"], result["scores"]) == (best, {"late": {"score": best / 10}})


def test_a_loss_that_is_no_number_ends_the_run_with_the_ids_of_its_batch(made, tmp_path):
    """Driven over the edge by a learning rate of ten billion; in this process, for the time that another would take."""
    from polymath.training.stages.sft import train

    wild = {"optimizer": {"learning_rate": 1e10, "warmup_share": 0, "max_grad_norm": 1e30}}
    with pytest.raises(
        UserError, match=r"^step \d: the loss is (nan|inf); lower finetune.train.optimizer.learning_rate, .*(sums|words)/\d+#r"
    ):
        train(job(made, tmp_path, train={"steps": 8, **wild}))


@pytest.mark.proof
@pytest.mark.parametrize("at", [5, 7])
def test_killed_and_begun_again_it_ends_with_the_same_losses_to_the_last_digit(trained, made, tmp_path, at):
    """Killed between the checkpoints of steps 4 and 8."""
    import os
    import signal
    import subprocess
    import sys

    done, _ = trained
    again = job(made, tmp_path, train={"steps": 12, "validation": {"every_steps": 4}})
    again.folder.mkdir(parents=True)
    (again.folder / "run.json").write_text(again.model_dump_json())
    words = [sys.executable, "-m", "polymath.training.worker", str(again.folder / "run.json")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if f'"step": {at},' in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait()
    told = []
    launch(again, told.append)
    assert told[0]["step"] == 4
    assert losses(again.folder) == losses(done.folder)
    weights = [(each.folder / "model/model.safetensors").read_bytes() for each in (done, again)]
    assert weights[0] == weights[1]
