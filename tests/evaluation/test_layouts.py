"""Rows of original files become rows as the hub has them."""

import pytest

from polymath.errors import UserError
from polymath.evaluation.layouts import layouts


def made(layout, file, row):
    return list(layouts[layout](file, row))


def test_mmlu_is_named_by_its_file_and_its_answer_is_a_number():
    row = {"question": "Q?", "A": "0", "B": "None", "C": "2", "D": "x", "answer": "C"}
    (found,) = made("mmlu", "mmlu/data/test/high_school_geography_test.csv.gz", row)
    assert found == ("high_school_geography", {"question": "Q?", "choices": ["0", "None", "2", "x"], "answer": 2})


def test_an_answer_that_is_no_letter_is_told_with_its_file():
    row = {"question": "Q?", "A": "0", "B": "1", "C": "2", "D": "3", "answer": "E"}
    with pytest.raises(UserError, match=r"x_test\.csv: the answer is 'E'"):
        made("mmlu", "x_test.csv", row)


@pytest.mark.parametrize(
    ("kind", "part"),
    [("Algebra", "algebra"), ("Counting & Probability", "counting_and_prob"), ("Precalculus", "precalc")],
)
def test_subjects_of_math_have_the_names_of_lm_evals_files(kind, part):
    row = {"problem": "p", "type": kind}
    assert made("math_subjects", "math.jsonl", row) == [(part, row)]


def test_a_paragraph_of_squad_is_a_row_for_each_of_its_questions():
    answers = [{"text": "x", "answer_start": 3}, {"text": "y", "answer_start": 9}]
    paragraph = {
        "context": "c",
        "qas": [{"id": "1", "question": "q", "answers": answers}, {"id": "2", "question": "r", "answers": []}],
    }
    first, second = made("squad", "xquad.json", paragraph)
    assert first == ("", {"id": "1", "context": "c", "question": "q", "answers": {"text": ["x", "y"], "answer_start": [3, 9]}})
    assert second[1]["answers"] == {"text": [], "answer_start": []}
