"""Tasks: what makes two records the same, and what recipes may name."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.records import RECORD, TEXT_FIELDS
from polymath.tasks import TASKS
from polymath.tasks.task import flat, joined


def records(*rows):
    return pa.Table.from_pylist(list(rows), schema=RECORD)


COLUMNS = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(st.none() | st.text(max_size=3), min_size=width, max_size=width), min_size=1, max_size=6)
)


@settings(max_examples=80, deadline=None)
@given(COLUMNS)
def test_joining_keeps_every_row_in_its_place(rows):
    columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    assert joined(columns, "|").to_pylist() == ["|".join(value for value in row if value is not None) for row in rows]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | st.lists(st.none() | st.text(max_size=3), max_size=3), max_size=5), st.integers(0, 3))
def test_a_list_is_flattened_to_its_lines(rows, cut):
    found = flat(pa.array(rows, pa.list_(pa.string())).slice(cut)).to_pylist()
    assert found == [None if row is None else "\n".join(value or "" for value in row) for row in rows[cut:]]


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_task_names_fields_that_records_have(task):
    assert {*task.needs, *task.identity, task.judged} <= set(TEXT_FIELDS)
    assert len(task.dedup_text(records({}, {}))) == 2
    assert all(len(values) == 0 for values in task.derive(RECORD.empty_table()).values())


def test_a_shared_context_makes_no_duplicates():
    rows = [{"context": "A long passage.", "prompt": q, "replies": [a]} for q, a in (("Who?", "she"), ("When?", "then"))]
    texts = TASKS["extractive_qa"].dedup_text(records(*rows)).to_pylist()
    assert texts == ["Who?\nshe", "When?\nthen"]


def test_a_short_instruction_that_outweighs_its_input_and_reply_counts_as_one_word():
    instruction = "In this task you are given the name of a country and return the capital city of that country."
    rows = [
        {"prompt": instruction, "context": "Yemen", "reply": "Sanaa"},
        {"prompt": instruction, "context": "Afghanistan", "reply": "Kabul"},
        {"prompt": "Sort the list.", "context": "b, a, c", "reply": "a, b, c"},
        {"prompt": instruction, "reply": "Which one?"},
    ]
    first, second, third, fourth = TASKS["instruct"].dedup_text(records(*rows)).to_pylist()
    assert first.split("\n")[1:] == ["Yemen", "Sanaa"]
    assert first.split("\n")[0] == second.split("\n")[0]
    assert len(first.split()) == 3
    assert third == "Sort the list.\nb, a, c\na, b, c"
    assert fourth == f"{instruction}\nWhich one?"


def test_long_parts_that_many_share_count_as_one_word():
    instruction = "You are given a sentence. Decide whether it is true. " * 20
    passage = "It was a dark and stormy night, and the rain fell in torrents. " * 20
    rows = [
        {"prompt": instruction, "context": "Snow is white.", "reply": "yes"},
        {"prompt": instruction, "context": "Grass is green.", "reply": "yes"},
        {"prompt": "Who fell?", "context": passage, "reply": "the rain"},
        {"prompt": "When was it?", "context": passage, "reply": "at night"},
        {"prompt": "Hi", "reply": "Yo"},
    ]
    first, second, third, fourth, last = TASKS["instruct"].dedup_text(records(*rows)).to_pylist()
    assert first.split("\n")[1:] == ["Snow is white.", "yes"]
    assert first.split("\n")[0] == second.split("\n")[0]
    assert third.split("\n")[1] == fourth.split("\n")[1] != first.split("\n")[0]
    assert max(len(text) for text in (first, second, third, fourth)) < 60
    assert last == "Hi\nYo"


def test_the_right_choice_is_found_by_its_number_even_in_a_slice():
    rows = [{"prompt": "q", "choices": [f"{n}a", f"{n}b", f"{n}c"][: n + 1], "label": n} for n in range(3)]
    derived = TASKS["multiple_choice"].derive(records(*rows, {"prompt": "q"}).slice(1))
    assert derived["right"].to_pylist() == ["1b", "2c", None]
    assert derived["letter"].to_pylist() == ["B", "C", None]
    assert derived["options"].to_pylist() == ["A. 1a\nB. 1b", "A. 2a\nB. 2b\nC. 2c", ""]


def test_an_unanswerable_question_is_answered_so():
    rows = [{"context": "c", "prompt": "q", "replies": []}, {"context": "c", "prompt": "q", "replies": ["x", "y"]}]
    derived = TASKS["extractive_qa"].derive(records(*rows))
    assert derived["answer"].to_pylist() == ["The passage does not say.", "x"]
    assert derived["span"].to_pylist() == [None, "x"]


def turns(*words):
    return [{"role": role, "content": content} for role, content in (word.split(":") for word in words)]


@pytest.mark.parametrize(
    ("messages", "system", "history", "prompt", "reply"),
    [
        (turns("user:a", "assistant:b"), None, None, "a", "b"),
        (turns("system:s", "user:a", "assistant:b"), "s", None, "a", "b"),
        (turns("system:s", "user:a", "assistant:b", "user:c", "assistant:d"), "s", turns("user:a", "assistant:b"), "c", "d"),
        (turns("assistant:b"), None, None, None, "b"),
        (None, None, None, None, None),
    ],
)
def test_a_conversation_is_taken_apart_into_history_and_last_exchange(messages, system, history, prompt, reply):
    around = {"messages": turns("user:x", "assistant:y")}
    derived = TASKS["chat"].derive(records(around, {"messages": messages}, around).slice(1))
    found = {name: values[0].as_py() for name, values in derived.items()}
    if prompt is None:
        assert found["last_prompt"] is None
    else:
        assert found == {"system": system, "history": history, "last_prompt": prompt, "last_reply": reply}


def test_a_preference_asks_by_prompt_or_by_conversation():
    rows = [
        {"prompt": "p", "chosen": "x", "rejected": "y"},
        {"messages": turns("user:a", "assistant:b", "user:c"), "chosen": "x", "rejected": "y"},
    ]
    derived = TASKS["preference"].derive(records(*rows))
    assert derived["asked"].to_pylist() == ["p", "c"]
    assert derived["history"].to_pylist() == [None, turns("user:a", "assistant:b")]
