"""Held-out examples of a mix: which are asked, by whom, and who of two models is better."""

import shutil

import numpy as np
import pyarrow as pa
import pytest

from polymath.engine.save import save_plan
from polymath.errors import UserError
from polymath.evaluation.models import Model
from polymath.pipelines.evaluate.compare import compare_models
from polymath.pipelines.evaluate.harness import score_items
from polymath.pipelines.evaluate.held_out import answer_held_out, held_out_examples
from polymath.pipelines.evaluate.scores import score_held_out
from tests.evaluation.test_held_out import example
from tests.evaluation.tiny import LEARNT, TEXT, make_model, save
from tests.pipelines.curate.made import ENGINE, folder_of
from tests.pipelines.evaluate.conftest import BENCHMARKS, HARNESS, SUITES, dials, rows

SIDES = {"ids": pa.uint16(), "loss": pa.bool_()}
TOKENS = pa.schema(
    [
        *((name, pa.dictionary(pa.int32(), pa.string())) for name in ("source", "task", "split")),
        ("id", pa.string()),
        *((f"{side}{name}", pa.large_list(kind)) for side in ("", "rejected_") for name, kind in SIDES.items()),
    ]
)


@pytest.fixture(scope="module")
def mix(speaker, tmp_path_factory):
    """Tokens of the replies that the model knows, held out, of texts, and of what it was trained on; and their tokenizer."""
    root, tokenizer = tmp_path_factory.mktemp("mix"), speaker.tokenizer
    lines = []
    for number, (asked, reply) in enumerate(LEARNT.items()):
        found = example(tokenizer, asked, reply)
        for split, task in (("test", "instruct"), ("train", "closed_qa")):
            lines.append({"id": f"s/{number}#{split}", "task": task, "split": split, "ids": found.ids, "loss": found.trained})
    asked, reply = next(iter(LEARNT.items()))
    sides = [example(tokenizer, asked, said) for said in (reply, "No idea, sorry.")]
    for number, (better, worse) in enumerate((sides, sides[::-1])):
        pair = {"rejected_ids": worse.ids.tolist(), "rejected_loss": worse.trained.tolist()}
        same = {"id": f"p/{number}", "task": "preference", "split": "test", "ids": better.ids, "loss": better.trained}
        lines.append(same | pair)
    ids = np.array(tokenizer(TEXT)["input_ids"])
    lines += [{"id": f"t/{n}", "task": "text", "split": "test", "ids": ids[n:], "loss": ids[n:] >= 0} for n in range(8)]
    lines = [{**line, "source": "s", "ids": line["ids"].tolist(), "loss": line["loss"].tolist()} for line in lines]
    tables = {f"s-{n:05d}": pa.Table.from_pylist(lines[n::2], TOKENS) for n in range(2)}
    definition = pa.table({"definition": [tokenizer.backend_tokenizer.to_str()]})
    return folder_of(root / "tokens", tables), folder_of(root / "tokenizer", {"tokenizer": definition})


@pytest.fixture(scope="module")
def fresh(speaker, tmp_path_factory):
    """A model that was never trained."""
    return save(tmp_path_factory.mktemp("fresh") / "fresh", make_model(), speaker.tokenizer)


def asked(evaluate, mix):
    return answer_held_out(None, *mix, evaluate, SUITES, HARNESS, ENGINE)


@pytest.fixture(scope="module")
def answers(talker, fresh, mix, tmp_path_factory):
    evaluate = dials(talker, suite="own", against=str(fresh))
    return save_plan(asked(evaluate, mix), tmp_path_factory.mktemp("answers"))


def test_only_the_split_test_is_asked_task_by_task_and_model_by_model(answers, talker):
    found = rows(answers, "model", "task", "id")
    models = (Model(str(talker)).name, "fresh")
    assert {(row["model"], row["task"]) for row in found} == {
        (model, task) for model in models for task in ("instruct", "preference", "text")
    }
    assert all("train" not in row["id"] for row in found)
    assert len(answers.shards) == 6


def test_scores_and_losses_of_each_task_have_bounds(answers, talker, tmp_path):
    found = rows(save_plan(score_held_out(answers, dials(talker), ENGINE), tmp_path))
    mine = {(row["task"], row["metric"]): row for row in found if row["model"] != "fresh"}
    assert mine["instruct", "rouge_l"]["score"] == pytest.approx(1)
    assert mine["instruct", "rouge_l"]["main"]
    assert mine["instruct", "loss"]["score"] < 0.1
    theirs = {(row["task"], row["metric"]): row for row in found if row["model"] == "fresh"}
    loss = theirs["text", "loss"]
    assert loss["low"] <= loss["score"] <= loss["high"]
    assert theirs["text", "perplexity"]["score"] == pytest.approx(np.exp(loss["score"]))
    nats, size = (
        sum(row[name] for row in rows(answers) if (row["model"], row["task"]) == ("fresh", "text"))
        for name in ("loss", "bytes")
    )
    assert theirs["text", "bits_per_byte"]["score"] == pytest.approx(nats / np.log(2) / size)


def test_of_a_preference_pair_the_model_may_find_the_better_reply_likelier(answers, talker, tmp_path):
    found = rows(save_plan(score_held_out(answers, dials(talker), ENGINE), tmp_path))
    mine, _ = [row for row in found if row["metric"] == "prefers_chosen"]
    assert (mine["score"], mine["items"], mine["main"]) == (0.5, 2, True)  # it knows one reply by heart, on either side
    pairs = {row["id"]: row["scores"] for row in rows(answers) if row["task"] == "preference" and row["model"] != "fresh"}
    assert pairs == {f"p/{n}": [{"metric": "prefers_chosen", "score": 1.0 - n}] for n in (0, 1)}


def test_a_model_that_learnt_is_better_than_one_that_did_not_by_more_than_chance(answers, talker, fresh, files, tmp_path):
    evaluate = dials(talker, suite="own", against=str(fresh))
    scored = save_plan(score_items(None, evaluate, SUITES, HARNESS, BENCHMARKS, str(files), ENGINE), tmp_path / "scored")
    found = rows(save_plan(compare_models(scored, answers, None, evaluate, ENGINE), tmp_path / "compared"))
    compared = {(row["name"], row["metric"]): row for row in found}
    row = compared["text", "bits_per_byte"]
    assert row["difference"] == pytest.approx(row["score"] - row["other"])
    assert row["difference"] < 0
    assert not row["noise"]
    assert compared["instruct", "rouge_l"]["difference"] > 0.5
    assert {row["against"] for row in found} == {"fresh"}
    alone = compare_models(scored, answers, None, dials(talker), ENGINE)
    assert [table.num_rows for table in alone.run()] == [0]


def test_the_same_examples_are_taken_however_they_are_sharded(mix, tmp_path):
    whole = folder_of(tmp_path / "one", {"all": mix[0].read()})
    few = [[each.id for each in held_out_examples(tokens, "instruct", 3)] for tokens in (mix[0], whole)]
    assert few[0] == few[1]
    assert len(few[0]) == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": None}, r"evaluate\.model: none is named, and none was trained here"),
        ({"model": "/no/such/model"}, "/no/such/model: there is no such folder"),
        ({"against": "same"}, r"evaluate\.against: .* names a model twice"),
    ],
)
def test_a_model_that_is_not_there_is_told(talker, mix, given, told):
    given = {name: str(talker) if value == "same" else value for name, value in given.items()}
    with pytest.raises(UserError, match=told):
        asked(dials(talker, suite="own").model_validate({"model": str(talker), "suite": "own", **given}), mix)


def test_two_folders_of_one_name_are_told_apart_before_any_work(talker, mix, tmp_path):
    for number, place in enumerate(("a/mine", "b/mine")):
        shutil.copytree(talker, tmp_path / place)
        (tmp_path / place / "note.txt").write_text(str(number))
    given = {"model": str(tmp_path / "a/mine"), "against": str(tmp_path / "b/mine"), "suite": "own"}
    with pytest.raises(
        UserError, match=r"evaluate\.against: .*a/mine and .*b/mine would both be called 'mine'; rename a folder"
    ):
        asked(dials(talker, suite="own").model_validate(given), mix)


def test_without_a_mix_the_suite_says_what_is_missing(talker):
    with pytest.raises(UserError, match=r"held_out asks for the split `test` of a mix, and none was made here"):
        asked(dials(talker, suite="own"), (None, None))
