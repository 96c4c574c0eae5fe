"""A column that is not there is an error of the entry, with the nearest name; a value that is not there is its row's."""

import pytest

from polymath.errors import UserError
from polymath.sources.columns import ENOUGH_ROWS, ColumnCheck
from polymath.sources.files import read_files
from polymath.sources.mapping import first_names

NEEDS = ("prompt", "reply")


def look(root, pattern, **fields):
    check = ColumnCheck("qa", fields, NEEDS)
    for batch in read_files([pattern], root):
        check.look(batch)
    check.end()


def test_a_csv_whose_header_changed_is_named_with_the_nearest_column(tmp_path):
    (tmp_path / "a.csv").write_text("question,answer\nWho?,Ann\n")
    look(tmp_path, "*.csv", prompt="question", reply="answer")
    (tmp_path / "b.csv").write_text("Question,answer\nWho?,Ann\n")
    with pytest.raises(UserError, match=r"qa\.fields\.prompt: b\.csv has no column 'question'; did you mean 'Question'\?"):
        look(tmp_path, "*.csv", prompt="question", reply="answer")


def test_a_field_that_the_task_could_do_without_must_be_in_a_header_too(tmp_path):
    (tmp_path / "a.csv").write_text("q,a\nWho?,Ann\n")
    with pytest.raises(UserError, match=r"qa\.fields\.context: a\.csv has no column 'contxt'"):
        look(tmp_path, "a.csv", prompt="q", reply="a", context="contxt")


@pytest.mark.parametrize("rows", [1, 40, 3 * ENOUGH_ROWS])
def test_a_key_that_no_row_of_json_has_is_an_error(tmp_path, rows):
    (tmp_path / "a.jsonl").write_text('{"question": "Who?", "answer": "Ann"}\n' * rows)
    with pytest.raises(UserError, match=r"qa\.fields\.prompt: a\.jsonl has no column 'qestion'; did you mean 'question'\?"):
        look(tmp_path, "a.jsonl", prompt="qestion", reply="answer")


def test_a_key_that_some_rows_of_json_lack_is_no_error(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"answer": "Ann"}\n' * 40 + '{"question": null, "answer": "Ann"}\n')
    look(tmp_path, "a.jsonl", prompt="question", reply="answer", context="title")


def test_one_of_several_names_is_enough(tmp_path):
    (tmp_path / "a.csv").write_text("output,title\nAnn,T\n")
    look(tmp_path, "a.csv", prompt="title+body", reply="output|response", context="'none'")
    with pytest.raises(UserError, match="has no column any of reply, response; Known: output, title"):
        look(tmp_path, "a.csv", prompt="title", reply="reply|response")


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("a", ("a",)),
        ("a.b[0].c", ("a",)),
        ("a|b.c", ("a", "b")),
        ("a+b", ("a", "b")),
        ("'said'", ()),
        ("a|'none'", ()),
        ("odd column", ("odd column",)),
    ],
)
def test_the_columns_of_an_expression_are_where_it_begins(expression, names):
    assert first_names(expression) == names
