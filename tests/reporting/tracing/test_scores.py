"""From a score to the model, its mix, and the sources with what was seen of them."""

import json
from collections import Counter
from types import SimpleNamespace

import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.pipelines.evaluate.scores import BENCHMARK_SCORE
from polymath.reporting.tracing.scores import origin, scores_between, scores_of, shares_of, tell_score
from polymath.tracking.models import curated_by
from polymath.tracking.record import RunRecord
from polymath.training.config import Start
from tests.pipelines.curate.made import folder_of
from tests.reporting.tracing.conftest import LAST
from tests.training.mixes import BATCH, LICENCES

NAME = "small-sft 0123456789ab"


def row(model=NAME, task="mmlu", score=0.5, clean_items=180, **other):
    bounds = {"score": score, "low": 0.43, "high": 0.57, "items": 200, "clean_score": 0.25, "clean_items": clean_items}
    return {"model": model, "benchmark": "mmlu", "task": task, "metric": "acc", "main": True, "shots": 5, **bounds, **other}


ROWS = [
    row(),
    row(f"{NAME} checkpoint-3", score=0.4),
    row(task="mmlu_anatomy", score=0.3),
    row(metric="acc_norm", main=False),
    row("gpt2"),
]


@pytest.mark.parametrize("before", [0, 1])
def test_what_the_run_saw_of_each_source_is_what_its_batches_held(leave, load, items, before):
    expected = Counter[str]()
    for slot in range(before * BATCH, (before + LAST) * BATCH):
        item = items[slot]
        source = items.examples([slot])[0].partition("/")[0]  # a sequence is packed from one task, here one source
        expected[source] += len(item["input_ids"])
    shares = shares_of(load, leave(taken={"sft": before}))
    assert {share.source: share.tokens for share in shares} == dict(expected)
    assert {share.source: share.licence for share in shares} == LICENCES
    assert [share.tokens for share in shares] == sorted(expected.values(), reverse=True)


def test_the_model_and_its_checkpoints_have_scores_of_a_benchmark_or_of_a_part(leave):
    run = leave()
    assert [(found["model"], found["score"]) for found in scores_of(ROWS, run, "mmlu")] == [
        (NAME, 0.5),
        (f"{NAME} checkpoint-3", 0.4),
    ]
    assert [found["score"] for found in scores_of(ROWS, run, "mmlu_anatomy")] == [0.3]


def test_what_checkpoints_scored_between_epochs_is_found_too(leave):
    run = leave()
    score = {"metric": "acc_norm", "score": 0.3, "low": 0.2, "high": 0.4, "items": 50}
    with (run.folder / "log.jsonl").open("a") as log:
        log.write(json.dumps({"step": 2, "scores": {"hellaswag": score}}) + "\n")
    (found,) = scores_of([*ROWS, *scores_between(run)], run, "hellaswag")
    assert (found["model"], found["score"], found["items"]) == (f"{run.name} checkpoint-2", 0.3, 50)


def test_a_benchmark_without_a_score_is_an_error_with_the_known_ones_and_the_way_to_one(leave):
    with pytest.raises(UserError, match=r"has no score of 'mmlo'; did you mean 'mmlu'\? .*evaluate\.suite=mmlo"):
        scores_of(ROWS, leave(), "mmlo")


def test_the_model_that_training_started_from_is_named(planned):
    start = planned.run.start
    assert origin(start).startswith("fresh, in the shape small (")
    folder = start.model_copy(update={"kind": "folder", "place": "/models/x", "made_by": "f" * 32})
    assert origin(folder) == "/models/x, made by the training run ffffffffffff"
    hub = Start.model_validate({**start.model_dump(), "kind": "hub", "place": "some/model", "revision": "abc"})
    assert origin(hub) == "some/model at abc"


def test_the_run_that_curated_a_mix_is_found_by_its_digests(planned):
    digests = planned.run.mix.digests

    def ended(id, pipeline, **other):
        inputs = {name: {"digest": digest} for name, digest in {**digests, **other}.items()}
        return RunRecord(id, id, 0.0, pipeline, "kedro run", "local", inputs=inputs)

    records = [ended("a", "curate", schedule="0"), ended("b", "finetune"), ended("c", "curate"), ended("d", "curate")]
    found = curated_by(records, planned.run.mix.digests)
    assert found is not None
    assert found.id == "c"
    assert curated_by(records[:2], planned.run.mix.digests) is None


@pytest.fixture
def scored(project, made, tmp_path):
    """The project with scores."""
    table = pa.Table.from_pylist(ROWS[:1], BENCHMARK_SCORE)
    folders = {**vars(made.mix), "benchmark_scores": folder_of(tmp_path / "scores", {"scores": table})}
    project.load = folders.__getitem__
    project.catalog = SimpleNamespace(exists=folders.__contains__)
    project.parameters = lambda name: SimpleNamespace(overlap_words=8)
    return project


def told(capsys, *arguments) -> str:
    tell_score(*arguments)
    return " ".join(capsys.readouterr().out.split())


def test_from_a_score_one_comes_to_the_model_the_mix_and_the_licences(scored, leave, capsys, planned):
    out = told(capsys, scored, leave(), "mmlu")
    for words in (
        "mmlu acc 0.5 (0.43 to 0.57) on 200 items, 5 examples before each",
        "20 of them share 8 words in a row with the mix; without them 0.25",
        "finetune/0123456789ab/model, step 5 of 6",
        "key 0123456789abcdef",
        f"tokens {planned.run.mix.digests['tokens'][:12]}",
        "made by a run that left no record here",
        "it is the mix that stands here",
        "sums MIT",
        "words CC-BY-4.0",
    ):
        assert words in out


def test_of_a_mix_that_was_made_anew_the_licences_are_told_and_no_shares(scored, leave, capsys, planned):
    old = planned.run.mix.model_copy(update={"digests": {**planned.run.mix.digests, "schedule": "0" * 32}})
    out = told(capsys, scored, leave(mix=old), "mmlu")
    assert "it is not here any more: schedule changed since" in out
    assert out.split("tokens seen share ")[1].startswith("sums MIT words CC-BY-4.0")


def test_where_nothing_was_scored_the_way_to_a_score_is_told(project, leave):
    project.catalog = SimpleNamespace(exists=lambda name: False)
    with pytest.raises(UserError, match=r"no model has been scored here; to do it: kedro run --pipeline=evaluate .*suite=mmlu"):
        tell_score(project, leave(), "mmlu")
