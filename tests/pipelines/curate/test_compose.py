"""Compose: recipes make examples of records."""

import pytest
from pydantic import ValidationError

from polymath.errors import UserError
from polymath.pipelines.curate import compose
from polymath.pipelines.curate.compose import compose_examples
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.curate.systems import SystemsConfig
from polymath.pipelines.libraries import Sources
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

ENTRY = {"kind": "files", "path": "x", "licence": "MIT", "fields": {"prompt": "p"}, "task": "instruct"}
INSTRUCT = {
    "with_input": {"prompt": ["{prompt}"], "input": "{context}", "reply": "{reply}", "system": "{system}"},
    "without_input": {"prompt": ["{prompt}", "Please: {prompt}"], "reply": "{reply}", "without": "context"},
}


def examples(tmp_path, rows, recipes, task="instruct", without=(), wanted=(), systems=None, by_task=False):
    records = records_of(tmp_path / "records", {"s": rows}, task)
    sources = Sources({"s": {**ENTRY, "task": task, "recipes": wanted}})
    systems = SystemsConfig.model_validate(systems or {})
    kept = all_kept(tmp_path / "kept", records, without)
    plan = compose_examples(records, kept, Recipes(recipes if by_task else {task: recipes}), systems, sources, ENGINE)
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


def test_when_fates_change_the_examples_of_other_records_are_copied(tmp_path, monkeypatch):
    rows = [row(prompt=f"Question {n}", **({"context": "x"} if n % 3 else {})) for n in range(30)]
    examples(tmp_path, rows, INSTRUCT, without=["s/1", "s/2", "s/20"])
    composed = []
    real = compose.Composer.__init__
    watched = lambda self, records, at, *more: composed.extend(at.tolist()) or real(self, records, at, *more)  # noqa: E731
    monkeypatch.setattr(compose.Composer, "__init__", watched)
    again = examples(tmp_path, rows, INSTRUCT, without=["s/2", "s/7"])
    assert composed == [1, 20]
    assert again == examples(tmp_path / "afresh", rows, INSTRUCT, without=["s/2", "s/7"])
    composed.clear()
    others = {"without_input": {**INSTRUCT["without_input"], "prompt": ["Now: {prompt}"]}}
    assert {example["prompt"][:5] for example in examples(tmp_path, rows, others)} == {"Now: "}
    assert len(composed) == 30


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


def test_a_recipe_on_request_is_only_for_sources_that_name_it(tmp_path):
    recipes = {**INSTRUCT, "special": {**INSTRUCT["without_input"], "on_request": True}}
    assert {e["recipe"] for e in examples(tmp_path / "a", [row()], recipes)} == {"without_input"}
    assert {e["recipe"] for e in examples(tmp_path / "b", [row()], recipes, wanted="special")} == {"special"}


def test_a_record_that_moved_gets_the_recipes_of_its_task_not_those_of_the_entry(tmp_path):
    recipes = {
        "instruct": {"special": {**INSTRUCT["without_input"], "on_request": True}},
        "summarize": {"summary": {"prompt": ["Sum up."], "input": "{context}", "reply": "{reply}"}},
    }
    rows = [row(), row(context="Long text.", task="summarize")]
    found = examples(tmp_path, rows, recipes, wanted="special", by_task=True)
    assert [e["recipe"] for e in found] == ["special", "summary"]


def test_what_a_source_says_beside_can_be_asked_by(tmp_path):
    recipe = {"author": {"prompt": ["Quote {extra.author} on\n{extra.topics}"], "reply": "{reply}"}}
    rows = [row(extra='{"author":"Ann","topics":["a","b"]}'), row(extra='{"author":"Bob","topics":[]}'), row()]
    assert [e["prompt"] for e in examples(tmp_path, rows, recipe)] == ["Quote Ann on\na\nb"]


CLASSES = [{"text": f"t{n}", "context": "c", "choices": ["neg", "pos"], "label": n} for n in (0, 1)]


def test_classes_are_named_in_the_recipes_words(tmp_path):
    recipe = {
        "words": {"prompt": ["{label_names}?"], "reply": "{label_name}", "verbalise": {"neg": "sad", "pos": "glad"}},
        "plain": {"prompt": ["{label_names}?"], "reply": "{label_name}"},
    }
    found = {e["id"]: (e["prompt"], e["reply"]) for e in examples(tmp_path, CLASSES, recipe, "classify")}
    assert found["s/1#words"] == ("sad, glad?", "glad")
    assert found["s/1#plain"] == ("neg, pos?", "pos")


def test_how_a_reply_is_checked_goes_with_the_example_where_there_is_something_to_check_against(tmp_path):
    recipe = {
        "checked": {"prompt": ["{prompt}"], "reply": "{reply}", "check": "last_line", "expected": "{answer}"},
        "open": {"prompt": ["{prompt}"], "reply": "{reply}"},
    }
    found = {e["id"]: (e["check"], e["expected"]) for e in examples(tmp_path, [row(answer="4"), row()], recipe)}
    assert found == {"s/0#checked": ("last_line", "4"), "s/0#open": (None, None), "s/1#open": (None, None)}


def test_a_recipe_may_be_for_some_classes_alone(tmp_path):
    recipe = {
        "other_words": {
            "prompt": ["Put it in other words."],
            "input": "{context}",
            "reply": "{text}",
            "where": {"label_name": "pos"},
        }
    }
    assert [e["reply"] for e in examples(tmp_path, CLASSES, recipe, "classify")] == ["t1"]


def test_variants_of_a_record_differ_in_their_wording_alone(tmp_path):
    recipe = {"r": {"prompt": ["a {prompt}", "b {prompt}", "c {prompt}"], "reply": "{reply}", "variants": 2}}
    rows = [row(prompt=str(n)) for n in range(60)]
    found = examples(tmp_path, rows, recipe)
    assert {e["id"] for e in found} == {f"s/{n}#{label}" for n in range(60) for label in ("r", "r.2")}
    assert all(found[2 * n]["prompt"] != found[2 * n + 1]["prompt"] for n in range(60))
    assert {e["recipe"] for e in found} == {"r"}


def system_prompts(tmp_path, rows, systems, recipes=INSTRUCT, task="instruct"):
    return [e["system"] for e in examples(tmp_path, rows, recipes, task, systems=systems)]


KIND = {"wordings": ["Be kind.", "Be nice."]}


def test_a_share_of_the_examples_gets_a_system_prompt_and_always_the_same(tmp_path):
    rows = [row(prompt=f"Question {n}") for n in range(400)]
    first = system_prompts(tmp_path / "a", rows, {"share": 0.25, "library": {"kind": KIND}})
    again = system_prompts(tmp_path / "b", rows, {"share": 0.25, "library": {"kind": KIND, "off": None}})
    assert first == again
    assert 60 < sum(one is not None for one in first) < 140
    assert min(first.count("Be kind."), first.count("Be nice.")) > 20


def test_a_record_keeps_its_own_system_prompt(tmp_path):
    rows = [row(context="x", system="My own"), row(context="x")]
    assert system_prompts(tmp_path, rows, {"share": 1, "library": {"kind": {"wordings": ["Be kind."]}}}) == [
        "My own",
        "Be kind.",
    ]


def test_a_prompt_is_given_only_where_the_reply_keeps_to_it(tmp_path):
    library = {
        "steps": {"wordings": ["Number the steps."], "fits": r"(?m)^1\."},
        "prose": {"wordings": ["No code."], "unfit": "```|1"},
    }
    rows = [row(reply="1. Go.\n2. Come."), row(reply="Go."), row(reply="```go```")]
    assert system_prompts(tmp_path, rows, {"share": 1, "library": library}) == ["Number the steps.", "No code.", None]


def test_a_prompt_may_be_for_some_tasks_and_for_examples_with_an_input(tmp_path):
    library = {"text": {"wordings": ["Use the text."], "with_input": True}, "chat": {"wordings": ["Chat."], "tasks": "chat"}}
    assert system_prompts(tmp_path, [row(), row(context="x")], {"share": 1, "library": library}) == [None, "Use the text."]


def test_a_recipe_may_keep_the_library_away(tmp_path):
    recipes = {"turned": {**INSTRUCT["without_input"], "library": False}}
    assert system_prompts(tmp_path, [row()], {"share": 1, "library": {"kind": KIND}}, recipes) == [None]


def test_without_a_share_no_example_changes(tmp_path):
    assert system_prompts(tmp_path, [row()], {"share": 0, "library": {"kind": KIND}}) == [None]


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({"wordings": ["x"], "tasks": "chatt"}, "'chatt' is not a task with replies; did you mean 'chat'"),
        ({"wordings": ["x"], "tasks": "preference"}, "'preference' is not a task with replies"),
        ({"wordings": ["x"], "fits": "(a"}, "fits: '\\(a' is no regular expression"),
        ({"wordings": []}, "wordings"),
    ],
)
def test_a_wrong_system_prompt_is_refused(prompt, message):
    with pytest.raises(UserError, match=message):
        SystemsConfig.model_validate({"library": {"x": prompt}})


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ({"instruct": {"x": {"prompt": ["{promt}"], "reply": "{reply}"}}}, "{promt} is not a field; did you mean 'prompt'"),
        ({"instrukt": {}}, "'instrukt' is not a task; did you mean 'instruct'"),
        ({"instruct": {"x": {"without": "contxt"}}}, "{contxt} is not a field; did you mean 'context'"),
        ({"instruct": {"x": {"replay": "{reply}"}}}, "replay"),
        (
            {"instruct": {"x": {"prompt": ["a"], "reply": "{reply}", "variants": 2}}},
            "2 examples of a record, but only 1 wordings",
        ),
        ({"classify": {"x": {"prompt": ["a"], "reply": "{text}", "where": {"label_nam": "x"}}}}, "{label_nam} is not a field"),
        ({"reasoning": {"x": {"prompt": ["a"], "reply": "{reply}", "check": "same"}}}, "check and expected go together"),
        ({"reasoning": {"x": {"prompt": ["a"], "reply": "{reply}", "check": "number", "expected": "{answer}"}}}, "check"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_nearest_name(recipes, message):
    with pytest.raises(ValidationError, match=message):
        Recipes(recipes)
