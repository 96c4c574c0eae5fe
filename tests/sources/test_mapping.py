"""`fields:` expressions."""

import pytest

from polymath.errors import UserError
from polymath.sources.mapping import MISSING, getter, is_column

ROW = {
    "question": "Who?",
    "empty": "",
    "none": None,
    "answers": {"text": ["she", "he"], "answer_start": [1, 2]},
    "turns": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Yo"}],
    "title": "T",
    "odd column": 1,
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("question", "Who?"),
        ("odd column", 1),
        ("none", None),
        ("answers.text", ["she", "he"]),
        ("answers.text[1]", "he"),
        ("answers.text[-1]", "he"),
        ("answers.text[7]", None),
        ("turns.value", ["Hi", "Yo"]),
        ("turns[0].value", "Hi"),
        ("empty|none|question", "Who?"),
        ("empty|none", ""),
        ("title+question", "T\n\nWho?"),
        ("title+empty+missing", "T"),
        ("'always this|and+that'", "always this|and+that"),
        ("none.text", None),
    ],
)
def test_an_expression_finds_its_value(expression, value):
    assert getter(expression, "here")(ROW) == value


@pytest.mark.parametrize(
    "expression", ["missing", "answers.missing", "question.text", "turns.missing", "missing|gone", "missing+gone"]
)
def test_what_a_row_does_not_have_is_missing_not_null(expression):
    assert getter(expression, "here")(ROW) is MISSING


@pytest.mark.parametrize("expression", ["a..b", "", "a[", "a[x]", ".a"])
def test_a_wrong_expression_is_named_with_its_place(expression):
    with pytest.raises(UserError, match=r"squad\.fields\.prompt: .* is not a path"):
        getter(expression, "squad.fields.prompt")


def test_only_a_plain_name_is_a_column():
    assert [is_column(e) for e in ("text", "odd column", "a.b", "a|b", "a+b", "a[0]", "'a'")] == [True, True] + [False] * 5
