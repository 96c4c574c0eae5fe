from collections import Counter
from typing import Any

import pytest

from polymath.errors import UserError

TASK = "multiple_choice"


@pytest.mark.parametrize(
    ("choices", "label"),
    [
        (["this", "that"], 1),
        (["this", "that"], "1"),
        (["this", "that"], "B"),
        (["this", "that"], "that"),
        (["this", "that"], 1.0),
        ({"label": ["A", "B"], "text": ["this", "that"]}, "B"),
        ({"label": ["1", "2"], "text": ["this", "that"]}, "2"),
        ([{"label": "A", "text": "this"}, {"label": "B", "text": "that"}], "B"),
    ],
)
def test_a_label_may_be_a_number_a_letter_a_key_or_the_text(adapted: Any, choices: Any, label: Any) -> None:
    (record,) = adapted("choices", {"question": "Which?", "choices": choices, "label": label}, TASK)
    assert (record["choices"], record["label"]) == (["this", "that"], 1)


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        (-1, "no_label"),
        ("", "no_label"),
        (None, "no_label"),
        ("-1", "no_label"),
        (2, "label_out_of_range"),
        ("C", "label_out_of_range"),
        ("neither", "label_out_of_range"),
    ],
)
def test_a_missing_or_impossible_label_is_unfit(adapted: Any, label: Any, reason: str) -> None:
    assert adapted("choices", {"question": "Which?", "choices": ["this", "that"], "label": label}, TASK) == [reason]


def test_options_may_stand_in_columns_of_their_own(adapted: Any) -> None:
    row = {"goal": "Open it", "sol1": "push", "sol2": "pull", "label": 1}
    (record,) = adapted("choices", row, TASK, prompt="goal", options=["sol1", "sol2"])
    assert (record["prompt"], record["choices"], record["label"]) == ("Open it", ["push", "pull"], 1)


def test_cells_that_look_like_nothing_are_options(adapted: Any) -> None:
    row = {"question": "How many?", "A": "None", "B": "N/A", "C": "nan", "D": "0", "answer": "A"}
    (record,) = adapted("choices", row, TASK, options="A B C D", label="answer")
    assert (record["choices"], record["label"]) == (["None", "N/A", "nan", "0"], 0)


def test_a_letter_means_the_place_even_where_options_are_letters(adapted: Any) -> None:
    (record,) = adapted("choices", {"question": "Next?", "choices": ["B", "C", "A"], "label": "A"}, TASK)
    assert record["label"] == 0


def test_labels_may_be_counted_from_one(adapted: Any) -> None:
    row = {"question": "Which?", "choices": ["this", "that"], "label": "2"}
    assert adapted("choices", row, TASK, first=1)[0]["label"] == 1
    assert adapted("choices", {**row, "label": ""}, TASK, first=1) == ["no_label"]


def test_options_may_be_the_same_for_all_rows(adapted: Any) -> None:
    row = {"question": "Is it?", "passage": "It is.", "label": True}
    (record,) = adapted("choices", row, TASK, names=["no", "yes"], context="passage")
    assert (record["context"], record["choices"], record["label"]) == ("It is.", ["no", "yes"], 1)


def test_the_right_option_of_a_column_of_its_own_may_stand_anywhere(adapted: Any) -> None:
    places: Counter[int] = Counter()
    for number in range(400):
        row = {"question": f"Question {number}?", "support": "", "w1": "a", "w2": "b", "w3": "c", "right": "d"}
        (record,) = adapted("choices", row, TASK, options=["w1", "w2", "w3"], right="right", context="support")
        assert record["choices"][record["label"]] == "d"
        assert [choice for choice in record["choices"] if choice != "d"] == ["a", "b", "c"]
        assert "context" not in record
        places[record["label"]] += 1
    assert min(places.values()) > 70


def test_a_missing_option_is_unfit(adapted: Any) -> None:
    row = {"question": "Which?", "sol1": "push", "sol2": None, "label": 1}
    assert adapted("choices", row, TASK, options=["sol1", "sol2"]) == ["null_field"]
    assert adapted("choices", {"question": "Which?", "choices": "this", "label": 0}, TASK) == ["wrong_type"]


def test_more_options_than_letters_are_unfit(adapted: Any) -> None:
    row = {"question": "Which?", "choices": [str(number) + "?" for number in range(27)], "label": 0}
    assert adapted("choices", row, TASK) == ["too_many_choices"]


def test_an_expression_that_is_none_is_refused_before_any_row(adapted: Any) -> None:
    with pytest.raises(UserError, match=r"test\.choices\.prompt"):
        adapted("choices", {}, TASK, prompt="question[")


def test_copa_asks_for_the_cause_or_the_effect(adapted: Any) -> None:
    row = {"premise": "It rained.", "choice1": "The road got wet.", "choice2": "It got dry.", "label": 0}
    (effect,) = adapted("copa", {**row, "question": "effect"}, TASK)
    (cause,) = adapted("copa", {**row, "question": "cause"}, TASK)
    assert effect["prompt"] == "It rained.\nWhat happened as a result?"
    assert cause["prompt"] == "It rained.\nWhat was the cause of this?"
    assert adapted("copa", {**row, "question": "why"}, TASK) == ["wrong_type"]
    assert adapted("copa", {**row, "question": "cause", "label": -1}, TASK) == ["no_label"]


GRADES = ["0", "1", "2", "3", "4", "5"]


@pytest.mark.parametrize(("score", "grade"), [(0.0, 0), (0.5, 1), (1.5, 2), (2.5, 3), (3.8, 4), (5, 5), ("4.750", 5)])
def test_a_score_is_the_nearest_grade_and_halves_go_up(adapted: Any, score: Any, grade: int) -> None:
    (record,) = adapted("graded", {"sentence1": "a", "sentence2": "b", "label": score}, "classify", labels=GRADES)
    assert (record["context"], record["text"], record["label"]) == ("a", "b", grade)


@pytest.mark.parametrize(
    ("score", "reason"),
    [(-1, "no_label"), (float("nan"), "no_label"), (None, "null_field"), ("much", "wrong_type"), (6, "label_out_of_range")],
)
def test_a_score_that_is_none_is_unfit(adapted: Any, score: Any, reason: str) -> None:
    assert adapted("graded", {"sentence1": "a", "sentence2": "b", "label": score}, "classify", labels=GRADES) == [reason]


def test_hellaswags_label_is_a_string_on_the_hub_and_a_number_in_the_file(adapted: Any) -> None:
    row = {"ctx": "A man", "endings": ["a", "b", "c", "d"], "source_id": "s"}
    hub, original = (adapted("choices", {**row, "label": label}, TASK, prompt="ctx", options="endings") for label in ("3", 3))
    assert hub == original
    assert hub[0]["label"] == 3
    for nothing in ("", None):
        assert adapted("choices", {**row, "label": nothing}, TASK, prompt="ctx", options="endings") == ["no_label"]
    assert adapted("choices", row, TASK, prompt="ctx", options="endings") == ["no_label"]


def test_a_label_of_thousands_of_digits_is_no_choice(adapted: Any) -> None:
    row = {"question": "q?", "choices": ["a", "b"], "answer": "9" * 5000}
    assert adapted("choices", row, "multiple_choice") == ["label_out_of_range"]
