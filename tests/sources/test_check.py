"""What makes a row a record of its task."""

import pyarrow as pa
import pytest

from polymath.records import RECORD
from polymath.sources.check import check_record, unfit_rows
from polymath.sources.rows import Unfit
from polymath.tasks import TASKS

CLASSIFY, QA, CHAT = TASKS["classify"], TASKS["closed_qa"], TASKS["chat"]


@pytest.mark.parametrize("label", [1, "1", "world", True])
def test_a_label_may_be_given_by_number_or_by_name(label):
    assert check_record({"text": "t", "label": label}, CLASSIFY, ["sport", "world"])["label"] == 1


@pytest.mark.parametrize(
    ("label", "reason"),
    [(-1, "no_label"), ("", "no_label"), (None, "no_label"), (2, "label_out_of_range"), ("earth", "label_out_of_range")],
)
def test_a_label_that_points_nowhere_is_told_from_one_that_is_missing(label, reason):
    with pytest.raises(Unfit) as caught:
        check_record({"text": "t", "label": label}, CLASSIFY, ["sport", "world"])
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"prompt": "q"}, "null_field"),
        ({"prompt": "q", "reply": None}, "null_field"),
        ({"prompt": " ", "reply": "\n"}, "empty"),
        ({"prompt": ["q"], "reply": "r"}, "wrong_type"),
        ({"prompt": {"a": 1}, "reply": "r"}, "wrong_type"),
    ],
)
def test_a_row_without_what_its_task_needs_is_unfit(record, reason):
    with pytest.raises(Unfit) as caught:
        check_record(record, QA, [])
    assert caught.value.reason == reason


def test_an_empty_reply_is_left_to_clean():
    assert check_record({"prompt": "q", "reply": ""}, QA, []) == {"prompt": "q", "reply": ""}


def test_numbers_become_text():
    assert check_record({"prompt": "6 * 3?", "reply": 18}, QA, [])["reply"] == "18"


def test_roles_are_brought_to_ours():
    turns = [{"role": "human", "content": "Hi"}, {"role": "gpt", "content": None}]
    assert check_record({"messages": turns}, CHAT, [])["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": ""},
    ]


@pytest.mark.parametrize("turns", [[{"role": "narrator", "content": "x"}], ["Hi"], [{"content": "x"}], "Hi"])
def test_a_conversation_that_is_none_is_unfit(turns):
    with pytest.raises(Unfit):
        check_record({"messages": turns}, CHAT, [])


def test_a_table_is_checked_as_its_rows_would_be():
    rows = [
        {"text": "t", "choices": ["a", "b"], "label": 1},
        {"text": "t", "choices": ["a", "b"], "label": 2},
        {"text": "t", "choices": ["a", "b"], "label": -1},
        {"text": None, "choices": ["a"], "label": 0},
        {"text": "  ", "choices": ["a"], "label": 0},
        {"text": "t", "choices": None, "label": 0},
    ]
    table = pa.Table.from_pylist(rows, schema=RECORD)
    found = {row: reason for row, (reason, _) in unfit_rows(table, CLASSIFY)}
    expected = {}
    for number, row in enumerate(rows):
        try:
            check_record(row, CLASSIFY, [])
        except Unfit as why:
            expected[number] = why.reason
    assert found == expected
