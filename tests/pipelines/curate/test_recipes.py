"""The recipes and system prompts of `conf/base`: each is worded well enough to train on."""

import pyarrow as pa
import pytest

from polymath.pipelines.curate.compose import ComposeConfig, Composer
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.curate.systems import SystemsConfig, given_systems
from polymath.pipelines.curate.tracks import MixConfig
from polymath.records import RECORD
from polymath.tasks import TASKS
from tests.pipelines.curate.adapters.conftest import _parameters, _sources
from tests.pipelines.curate.made import passes


@pytest.fixture(scope="module")
def recipes():
    return Recipes.model_validate(_parameters("base")["recipes"])


@pytest.fixture(scope="module")
def systems():
    return SystemsConfig.model_validate(_parameters("base")["systems"])


def test_every_task_has_recipes_for_sources_that_name_none(recipes):
    assert all(any(not recipe.on_request for recipe in recipes.of(task).values()) for task in TASKS)


def test_what_is_asked_has_several_wordings(recipes):
    verbatim = {
        ("instruct", "with_input"),
        ("instruct", "without_input"),
        ("instruct", "quote"),
        ("chat", "conversation"),
        ("preference", "pair"),
    }
    few = {(task, name) for task in TASKS for name, one in recipes.of(task).items() if one.reply and len(one.prompt) < 2}
    assert few <= verbatim, "only prompts that people wrote stand alone"


def test_sources_ask_for_recipes_that_there_are_and_each_one_on_request_serves_a_source(recipes):
    asked = {(source.task, name) for source in _sources("base").values() for name in source.recipes}
    made = {(task, name) for task in TASKS for name, one in recipes.of(task).items() if one.on_request}
    assert {pair for pair in asked if pair[1] not in recipes.of(pair[0])} == set()
    assert made - asked == {("extractive_qa", "without_context")}, (
        "which asks from memory: a choice for a run, not for an entry"
    )


def example(recipes, task, name, **fields):
    """The prompt, input and reply that one record becomes, whatever the recipe's share."""
    recipe = recipes.of(task)[name].model_copy(update={"share": 1.0})
    records = pa.Table.from_pylist([{"id": "s/0", "source": "s", "task": task, **fields}], schema=RECORD)
    rows = Composer(records, pa.array([0]).to_numpy(), task, ComposeConfig(recipes={})).examples(name, recipe, 0).to_pylist()
    return rows[0] if rows else None


PAIR = {"context": "It rains.", "text": "It is wet.", "choices": ["paraphrase", "not a paraphrase"], "label": 0}


@pytest.mark.parametrize(
    ("task", "name", "fields", "asked", "reply"),
    [
        ("summarize", "headline", {"context": "Much.", "reply": "Little"}, "Much.", "Little"),
        ("summarize", "tldr", {"context": "Much.", "reply": "Little"}, "Much.", "Little"),
        ("classify", "nli", {**PAIR, "choices": ["entailment", "neutral"]}, "Premise: It rains.", "entailment"),
        ("classify", "other_words", PAIR, "It rains.", "It is wet."),
        ("classify", "sentiment_thai", {"text": "ดี", "choices": ["pos", "neg"], "label": 0}, "เชิงบวก, เชิงลบ", "เชิงบวก"),
        ("classify", "step", {**PAIR, "choices": ["wrong", "right"], "label": 1}, "Next step: It is wet.", "right"),
        ("multiple_choice", "fact", {"prompt": "b", "context": "Because.", "choices": ["a", "b"], "label": 1}, "b", "Because."),
        ("multiple_choice", "open", {"prompt": "Why?", "choices": ["a", "b"], "label": 1}, "Why?", "b"),
        ("multiple_choice", "go_on", {"prompt": "She ran", "choices": ["far.", "blue."], "label": 0}, "She ran", "far."),
        (
            "reasoning",
            "verifiable",
            {"prompt": "2+2?", "reply": "Two and two.", "answer": "4"},
            "Answer:",
            "Two and two.\nAnswer: 4",
        ),
        (
            "code",
            "from_tests",
            {"prompt": "Add.", "reply": "x", "extra": '{"test_list":["assert f(1) == 2"]}'},
            "assert f(1) == 2",
            "x",
        ),
        ("code", "explain", {"prompt": "Add.", "reply": "a + b"}, "a + b", "Add."),
        ("instruct", "who_said", {"prompt": "q", "reply": "Be.", "extra": '{"author":"Ann"}'}, "Be.", "Ann"),
        (
            "instruct",
            "quote_by_topic",
            {"prompt": "q", "reply": "Be.", "extra": '{"author":"Ann","about":"life"}'},
            "life",
            "Be. (Ann)",
        ),
        (
            "extractive_qa",
            "answer_to_context",
            {"context": "Ann came.", "prompt": "Who?", "replies": ["Ann"]},
            "Answer: Ann",
            "Ann came.",
        ),
    ],
)
def test_a_recipe_asks_for_what_it_is_called(recipes, task, name, fields, asked, reply):
    made = example(recipes, task, name, **fields)
    said = f"{made['prompt']}\n{made['input'] or ''}"
    assert asked in said
    assert made["reply"] == reply


CHECKED = {
    ("multiple_choice", "letter"): {"prompt": "Why?", "choices": ["a", "b"], "label": 1},
    ("multiple_choice", "text"): {"prompt": "Why?", "choices": ["a", "b"], "label": 1},
    ("multiple_choice", "with_context"): {"prompt": "Why?", "context": "c", "choices": ["a", "b"], "label": 1},
    ("multiple_choice", "ending"): {"prompt": "She ran", "choices": ["far.", "blue."], "label": 0},
    ("reasoning", "answer_only"): {"prompt": "2+2?", "reply": "Two and two.", "answer": "4"},
    ("reasoning", "verifiable"): {"prompt": "2+2?", "reply": "Two and two.", "answer": "4"},
    ("code", "from_tests"): {
        "prompt": "Add one.",
        "reply": "def f(x):\n    return x + 1",
        "extra": '{"test_list":["assert f(1) == 2","assert f(0) == 1"]}',
    },
}


@pytest.mark.parametrize(("task", "name"), CHECKED)
def test_the_reply_of_an_example_passes_the_check_that_goes_with_it(recipes, task, name):
    made = example(recipes, task, name, **CHECKED[task, name])
    assert passes(made["check"], made["expected"], made["reply"])
    assert not passes(made["check"], made["expected"], "def f(x):\n    return x")


def test_numbers_letters_and_unit_tests_reach_the_track_of_prompts(recipes):
    checked = {(task, name) for task in TASKS for name, recipe in recipes.of(task).items() if recipe.check}
    assert checked == set(CHECKED)
    prompts = MixConfig.model_validate(_parameters("base")["mix"]).wanted["prompts"]
    assert {task for task, _ in checked} <= set(prompts.tasks)


@pytest.mark.parametrize(
    ("task", "name", "fields"),
    [
        ("classify", "other_words", {**PAIR, "label": 1}),
        ("extractive_qa", "answer_to_context", {"context": "Ann came.", "prompt": "When?", "replies": []}),
        ("reasoning", "verifiable", {"prompt": "2+2?", "reply": "Hm."}),
        ("code", "from_tests", {"prompt": "Add.", "reply": "x"}),
        ("instruct", "quote_by_topic", {"prompt": "q", "reply": "Be.", "extra": '{"author":"Ann","topics":[]}'}),
    ],
)
def test_a_recipe_is_silent_where_its_record_says_nothing_of_it(recipes, task, name, fields):
    assert example(recipes, task, name, **fields) is None


FITTING = {
    "short_answers": "Paris",
    "options_before_code": "There are two ways: a loop, or a comprehension. Which one do you prefer?",
    "say_how_to_validate": "```python\ndef f(): ...\n```\nCheck that it works with `assert f() is None`.",
    "order_of_steps": "It takes two steps:\n1. Open the box.\n2. Close it.",
    "advice_to_this_code": "Return early.\n\ndef f(x):\n    return x or 0",
    "code_only": "return sorted(rows, key=len)",
    "give_diagnostics": "The IndexError happens because the list is empty.",
    "say_when_unsure": "The passage does not say.",
    "lists": "- one\n- two",
    "for_a_child": "The sun is hot. Think of it as a lamp that never goes out.",
    "thai": "สวัสดีครับ ยินดีที่ได้รู้จัก",
}
UNFITTING = {
    "short_answers": "A long answer. " * 20,
    "options_before_code": "```python\nprint(1)\n```\nWhich one do you prefer?",
    "say_how_to_validate": "// Check if a number is prime\nbool prime(int n) { return n > 1; }",
    "order_of_steps": "Things to look for:\n1. Heat\n2. Saltiness",
    "give_diagnostics": "The generalisation error is large because the sample is small.",
    "say_when_unsure": "Ann: Where is it?\nBob: I don't know.",
    "for_a_child": "Imagine a world without oil.",
    "no_lists": "1. Open. 2. Close.",
    "code_only": "Returns the sum of both.",
    "advice_to_this_code": "Return early instead of nesting.",
    "thai": "Hello",
}


@pytest.mark.parametrize(("replies", "expected"), [(FITTING, True), (UNFITTING, False)])
def test_the_library_gives_a_prompt_to_replies_that_keep_to_it_and_to_no_others(systems, replies, expected):
    for name, reply in replies.items():
        prompt = systems.prompts[name]
        alone = SystemsConfig(share=1, library={name: prompt})
        task = prompt.tasks[0] if prompt.tasks else "instruct"
        columns = {"reply": pa.array([reply]), "input": pa.array(["x = f(1)" if prompt.input_fits else None], pa.string())}
        given = given_systems(alone, task, columns, pa.array([5], pa.uint64()).to_numpy())
        assert (bool(given) and given["system"][0].as_py() in prompt.wordings) == expected, name
