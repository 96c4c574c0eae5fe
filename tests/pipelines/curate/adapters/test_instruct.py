from typing import Any

import pytest

from polymath.pipelines.curate.adapters import adapters
from polymath.sources.rows import Unfit

TASK = "instruct"


@pytest.mark.parametrize(
    "nothing",
    ["", " ", "No input", "<no input>", "noinput", "<noinput>.", "N/A", "<N/A>", "No input required.", r"\<noinput\>", "none"],
)
def test_an_input_that_says_there_is_none_becomes_null(adapted: Any, nothing: str) -> None:
    (record,) = adapted("alpaca", {"instruction": "Name a tree.", "input": nothing, "output": "Oak"}, TASK)
    assert "context" not in record


@pytest.mark.parametrize("something", ["No input was given by Ann", "Nona", "0", "He did not have any siblings."])
def test_an_input_that_says_something_is_kept(adapted: Any, something: str) -> None:
    (record,) = adapted("alpaca", {"instruction": "Edit.", "input": something, "output": "x"}, TASK)
    assert record["context"] == something


def test_an_empty_output_is_left_for_cleaning_to_judge(adapted: Any) -> None:
    (record,) = adapted("alpaca", {"instruction": "Name a tree.", "input": "", "output": ""}, TASK)
    assert record["reply"] == ""


def test_output_may_be_called_response_and_columns_anything(adapted: Any) -> None:
    (record,) = adapted("alpaca", {"instruction": "Hi", "input": "", "response": "Hello"}, TASK)
    assert record["reply"] == "Hello"
    row = {"system_prompt": "", "question": "Hi", "answer": "Hello"}
    (record,) = adapted("alpaca", row, TASK, system="system_prompt", prompt="question", reply="answer")
    assert record == {"prompt": "Hi", "reply": "Hello"}


def test_an_example_input_stands_in_for_an_empty_one(adapted: Any) -> None:
    row = {"instruction": "Find the longest word", "input": "", "response": "quick", "example_input": "The quick fox"}
    (record,) = adapted("alpaca", row, TASK, context="input|example_input")
    assert record["context"] == "The quick fox"


def test_a_null_instruction_is_unfit(adapted: Any) -> None:
    assert adapted("alpaca", {"instruction": None, "output": "x"}, TASK) == ["null_field"]
    assert adapted("alpaca", {"instruction": {"a": 1}, "output": "x"}, TASK) == ["wrong_type"]


FORM = "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n"


def test_a_filled_form_is_taken_apart(adapted: Any) -> None:
    row = {"prompt": f"{FORM}### Instruction:\nwhat is\nwater?\n\n### Response:\n", "response": "Wet."}
    assert adapted("filled_alpaca", row, TASK) == [{"prompt": "what is\nwater?", "reply": "Wet."}]
    text = f"{FORM}### Instruction:\nSum up.\n\n### Input:\nLong.\n\n### Response:\nShort."
    (record,) = adapted("filled_alpaca", {"text": text}, TASK, prompt="text", reply=None)
    assert record == {"prompt": "Sum up.", "context": "Long.", "reply": "Short."}


def test_a_prompt_without_the_form_is_a_plain_prompt(adapted: Any) -> None:
    assert adapted("filled_alpaca", {"prompt": "Hi", "response": "Hello"}, TASK) == [{"prompt": "Hi", "reply": "Hello"}]
    assert adapted("filled_alpaca", {"text": "Hi"}, TASK, prompt="text", reply=None) == ["bad_row"]


def test_a_task_file_gives_a_record_an_instance(adapted: Any) -> None:
    instances = [
        {"id": "task582-a", "input": "who?", "output": ["Ann", "Anne"]},
        {"id": "task582-b", "input": "where?", "output": ["", "here"]},
        {"id": "task582-c", "input": "when?", "output": [""]},
        {"id": "task582-d", "input": "who?", "output": "Bob"},
    ]
    made = adapted("natural_instructions", {"Definition": ["Answer.\n"], "Instances": instances}, TASK)
    assert made[2] == "empty"
    ann, here, bob = made[0], made[1], made[3]
    assert (ann["prompt"], ann["context"], ann["reply"], ann["replies"]) == ("Answer.", "who?", "Ann", ["Ann", "Anne"])
    assert (here["reply"], here["replies"]) == ("here", ["here"])
    assert ann["extra"] == '{"task":"task582","id":"task582-a"}'
    assert ann["group"] == bob["group"] != here["group"]


def test_a_task_without_a_definition_is_unfit(adapted: Any) -> None:
    assert adapted("natural_instructions", {"Definition": [""], "Instances": []}, TASK) == ["null_field"]
    assert adapted("natural_instructions", {"Definition": "Answer."}, TASK) == ["null_field"]


def test_a_seed_gives_a_record_an_instance(adapted: Any) -> None:
    instances = [{"input": "", "output": "1"}, {"input": "2", "output": "3"}, {"input": "4"}]
    made = adapted("self_instruct", {"id": "seed_task_0", "name": "n", "instruction": "Add.", "instances": instances}, TASK)
    assert [record["reply"] for record in made[:2]] == ["1", "3"]
    assert "context" not in made[0]
    assert made[0]["group"] == made[1]["group"]
    assert made[2] == "null_field"


def test_topics_of_a_quote_may_be_a_list_or_the_text_of_one(adapted: Any) -> None:
    row = {"quote": "Be yourself.", "author": "Oscar Wilde,"}
    for topics in ({"tags": ["be-yourself", "honesty", "more"]}, {"categories": "['be yourself', 'honesty']"}):
        (record,) = adapted("quotes", {**row, **topics}, TASK)
        assert record["prompt"] == "Quote Oscar Wilde on be yourself and honesty."
        assert record["reply"] == "Be yourself."
        assert record["extra"].startswith('{"author":"Oscar Wilde","about":"be yourself and honesty","topics":["be yourself"')
    (record,) = adapted("quotes", {**row, "tags": []}, TASK)
    assert record["extra"] == '{"author":"Oscar Wilde","topics":[]}'
    assert record["prompt"] == "Quote Oscar Wilde."
    assert adapted("quotes", {**row, "categories": "['broken"}, TASK) == ["wrong_type"]


TOOLS = """toolformer: enabled
toolformer access: request, weather
A portal to the internet.
request(url)
What the weather is like.
weather(querywithlocation)
Tell me the weather
in New York."""


def test_tools_become_the_system_prompt_and_the_rest_is_asked(adapted: Any) -> None:
    row = {"instruction": TOOLS, "input": "", "example_input": "now", "response": "It is weather('New York')."}
    (record,) = adapted("toolformer", row, TASK)
    assert record["prompt"] == "Tell me the weather\nin New York."
    assert record["system"].startswith("You may call these functions")
    assert record["system"].endswith("weather(querywithlocation)")
    assert (record["context"], record["extra"]) == ("now", '{"tools":"request, weather"}')


def test_an_instruction_without_tools_is_a_plain_one(adapted: Any) -> None:
    (record,) = adapted("toolformer", {"instruction": "Add f(x) and\ng(x)", "response": "h"}, TASK)
    assert record == {"prompt": "Add f(x) and\ng(x)", "reply": "h", "extra": "{}"}


def test_topics_that_are_no_list_are_told_in_the_same_words_every_time() -> None:
    with pytest.raises(Unfit) as caught:
        list(adapters["quotes"]({"quote": "q", "author": "Ann", "tags": "[null]"}))
    assert caught.value.detail == "'[null]' is not a list"
