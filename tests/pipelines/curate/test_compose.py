"""Compose: recipes make examples of records."""

import pytest
from pydantic import ValidationError

from polymath.errors import UserError
from polymath.pipelines.curate.compose import Recipes, compose_examples
from polymath.pipelines.curate.ingest import Sources
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

ENTRY = {"kind": "files", "path": "x", "licence": "MIT", "fields": {"prompt": "p"}, "task": "instruct"}
INSTRUCT = {
    "with_input": {"prompt": ["{prompt}"], "input": "{context}", "reply": "{reply}", "system": "{system}"},
    "without_input": {"prompt": ["{prompt}", "Please: {prompt}"], "reply": "{reply}", "without": "context"},
}


def examples(tmp_path, rows, recipes, task="instruct", without=(), wanted=()):
    records = records_of(tmp_path / "records", {"s": rows}, task)
    sources = Sources({"s": {**ENTRY, "task": task, "recipes": wanted}})
    plan = compose_examples(records, all_kept(tmp_path / "kept", records, without), Recipes({task: recipes}), sources, ENGINE)
    return runner(tmp_path)("examples", plan).read().to_pylist()


def row(**fields):
    return {"prompt": "Do it", "reply": "Done", **fields}


def test_an_instruction_that_has_an_input_is_not_asked_without_it(tmp_path):
    found = examples(tmp_path, [row(context="this"), row()], INSTRUCT)
    assert [(example["id"], example["input"]) for example in found] == [("s/0#with_input", "this"), ("s/1#without_input", None)]


def test_a_missing_system_prompt_does_not_stop_a_recipe(tmp_path):
    found = examples(tmp_path, [row(context="x", system="Be kind"), row(context="x")], INSTRUCT)
    assert [example["system"] for example in found] == ["Be kind", None]


def test_removed_records_make_no_examples(tmp_path):
    found = examples(tmp_path, [row(), row(), row()], INSTRUCT, without=["s/1"])
    assert [example["record"] for example in found] == [0, 2]


def test_each_record_gets_one_wording_and_always_the_same(tmp_path):
    rows = [row(prompt=f"Question {n}") for n in range(200)]
    first = examples(tmp_path / "a", rows, INSTRUCT)
    again = examples(tmp_path / "b", rows, INSTRUCT)
    assert [e["prompt"] for e in first] == [e["prompt"] for e in again]
    polite = sum(example["prompt"].startswith("Please") for example in first)
    assert 60 < polite < 140


def test_a_share_draws_some_records_and_not_others(tmp_path):
    recipe = {"half": {**INSTRUCT["without_input"], "share": 0.5}, "all": INSTRUCT["without_input"]}
    found = examples(tmp_path, [row(prompt=f"Question {n}") for n in range(400)], recipe)
    halves = [example["record"] for example in found if example["recipe"] == "half"]
    assert 150 < len(halves) < 250
    assert len(found) - len(halves) == 400


def test_a_source_may_ask_for_some_recipes_only(tmp_path):
    found = examples(tmp_path, [row(context="x"), row()], INSTRUCT, wanted="without_input")
    assert [example["id"] for example in found] == ["s/1#without_input"]
    with pytest.raises(
        UserError, match=r"sources\.s\.recipes: 'with_imput' is not a recipe of instruct; did you mean 'with_input'"
    ):
        examples(tmp_path / "b", [row()], INSTRUCT, wanted="with_imput")


def test_null_switches_a_recipe_off(tmp_path):
    assert examples(tmp_path, [row()], {**INSTRUCT, "without_input": None}) == []


def test_braces_in_data_stay_and_braces_in_templates_can_be_written(tmp_path):
    recipe = {"json": {"prompt": ["{{{prompt}}}"], "reply": "{reply}"}}
    found = examples(tmp_path, [row(prompt="a {b} {c}")], recipe)
    assert found[0]["prompt"] == "{a {b} {c}}"


def test_a_conversation_keeps_its_earlier_turns(tmp_path):
    turns = [{"role": r, "content": c} for r, c in (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"))]
    recipe = {"chat": {"history": True, "prompt": ["{last_prompt}"], "reply": "{last_reply}"}}
    found = examples(tmp_path, [{"messages": turns}, {"messages": turns[:2]}], recipe, "chat")
    assert [(e["history"], e["prompt"], e["reply"]) for e in found] == [(turns[:2], "c", "d"), (None, "a", "b")]


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ({"instruct": {"x": {"prompt": ["{promt}"], "reply": "{reply}"}}}, "{promt} is not a field; did you mean 'prompt'"),
        ({"instrukt": {}}, "'instrukt' is not a task; did you mean 'instruct'"),
        ({"instruct": {"x": {"without": "contxt"}}}, "{contxt} is not a field; did you mean 'context'"),
        ({"instruct": {"x": {"replay": "{reply}"}}}, "replay"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_nearest_name(recipes, message):
    with pytest.raises(ValidationError, match=message):
        Recipes(recipes)
