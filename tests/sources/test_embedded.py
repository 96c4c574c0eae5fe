import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from polymath.errors import UserError
from polymath.sources import harvest
from polymath.sources.check import check_record
from polymath.sources.embedded import embedded_digest, read_embedded
from polymath.sources.python_preferences import WORSE
from polymath.sources.python_text import PAGES
from polymath.sources.rows import Place
from polymath.tasks import TASKS

BEGINNING = Place(0, 0)
TASK_OF = {
    "python_topics": "text",
    "python_comments": "text",
    "python_docs": "instruct",
    "python_code": "code",
    "python_summaries": "summarize",
    "python_choices": "multiple_choice",
    "python_packages": "classify",
    "python_questions": "extractive_qa",
    "python_preferences": "preference",
}


def rows_of(name: str, start: Place = BEGINNING) -> list[tuple[Place, dict[str, Any]]]:
    return [placed for batch in read_embedded(name, start) for placed in batch.rows]


def records_of(name: str) -> list[dict[str, Any]]:
    return [row for _, row in rows_of(name)]


@pytest.mark.parametrize("name", PAGES)
def test_every_row_is_a_record_of_its_task(name: str) -> None:
    records = records_of(name)
    assert len(records) > 200
    for record in records:
        check_record(record, TASKS[TASK_OF[name]], labels=())
        assert record["group"]


@pytest.mark.parametrize("name", PAGES)
def test_batches_name_their_module_and_say_where_reading_goes_on(name: str) -> None:
    batches = list(read_embedded(name))
    for number, batch in enumerate(batches):
        assert batch.file
        assert [place for place, _ in batch.rows] == [Place(number, row) for row in range(len(batch.rows))]
    assert [batch.end for batch in batches] == [*(batch.start for batch in batches[1:]), None]


def test_reading_from_any_place_gives_the_rest() -> None:
    whole = rows_of("python_code")
    for cut in (1, len(whole) // 2, len(whole) - 1):
        assert rows_of("python_code", whole[cut][0]) == whole[cut:]
    assert rows_of("python_code", Place(10_000, 0)) == []


def test_two_harvests_in_different_places_are_the_same_bytes(tmp_path: Any) -> None:
    def harvested(**environment: str) -> bytes:
        command = [sys.executable, "-I", "-W", "ignore", harvest.__file__, "stdlib"]
        given = {**os.environ, **environment}
        return subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=given).stdout

    assert harvested(HOME="/nowhere", LANG="C", TZ="Asia/Bangkok") == harvested(COLUMNS="40", USER="somebody")


@pytest.mark.parametrize("name", PAGES)
def test_rows_hold_no_memory_addresses_and_no_paths_of_this_machine(name: str) -> None:
    for record in records_of(name):
        text = str(record)
        assert not re.search(r" at 0x[0-9a-f]{6}", text)
        assert sys.executable not in text


def test_a_module_that_prints_fails_or_exits_does_not_spoil_the_harvest(tmp_path: Any) -> None:
    package = tmp_path / "odd"
    package.mkdir()
    package.joinpath("__init__.py").write_text('"""An odd package."""\n')
    package.joinpath("exits.py").write_text("raise SystemExit(3)\n")
    package.joinpath("fails.py").write_text("import no_such_module\n")
    package.joinpath("prints.py").write_text('"""It prints."""\nimport os\nprint("noise")\nos.write(1, b"noise")\n')
    package.joinpath("test").mkdir()
    package.joinpath("test/__init__.py").write_text('"""Never read."""\n')
    command = [sys.executable, harvest.__file__, "odd"]
    done = subprocess.run(command, capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert [line.split(b'"')[3] for line in done.stdout.splitlines()] == [b"odd", b"odd.prints"]


def test_over_half_of_the_docstrings_repeat_so_that_deduplication_has_work() -> None:
    replies = [record["reply"] for record in records_of("python_docs")]
    assert len(set(replies)) < len(replies) / 2


def test_docstrings_lose_the_signatures_of_built_in_functions() -> None:
    replies = {record["group"]: record["reply"] for record in records_of("python_docs")}
    assert replies["builtins.list.count"] == "Return number of occurrences of value."
    assert replies["builtins.dict.clear"] == "Remove all items from D."
    assert replies["builtins.range"].startswith("Return an object that produces a sequence of integers")


def test_pieces_of_a_topic_make_up_the_topic_and_stay_in_one_group() -> None:
    from pydoc_data.topics import topics

    for batch in read_embedded("python_topics"):
        assert {row["group"] for _, row in batch.rows} == {batch.file}
        assert " ".join(row["text"] for _, row in batch.rows).split() == topics[batch.file].split()


def test_comments_of_several_lines_are_harvested_but_for_those_that_a_documented_function_takes_along(tmp_path: Any) -> None:
    tmp_path.joinpath("told.py").write_text(
        "# Copyright of the authors of this file,\n# who ask to leave it in place.\n\n"
        "# Two lines that stand at the head\n# of the module.\nA = 1\n# A single line is left where it is.\n"
        'B = """\n# What stands in a string\n# is no comment of this file.\n"""\n'
        'def documented():\n    """It has a docstring."""\n'
        "    # These two lines go along\n    # with its own code.\n    return A\n"
        "def bare():\n    # These two lines have no other\n    # place to be read in.\n    return B\n"
    )
    given = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, harvest.__file__, "told"], capture_output=True, check=True, env=given)
    comments = json.loads(done.stdout)["comments"]
    assert comments == [
        "Two lines that stand at the head\nof the module.",
        "These two lines have no other\nplace to be read in.",
    ]


def test_a_module_is_read_in_the_words_of_its_authors() -> None:
    texts = [record["text"] for record in records_of("python_comments") if record["group"] == "textwrap"]
    assert "This funky little regex is just the trick for splitting\ntext up into word-wrappable chunks." in "\n\n".join(texts)


def test_code_is_code_without_its_docstring() -> None:
    for record in records_of("python_code") + records_of("python_summaries"):
        source = record.get("context") or record["reply"]
        (function,) = ast.parse(source).body
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        assert 3 <= len(source.splitlines()) <= 60


def test_the_right_choice_stands_anywhere_and_wrong_ones_differ_from_it() -> None:
    records = records_of("python_choices")
    assert all(len(set(record["choices"])) == 4 for record in records)
    counts = Counter(record["label"] for record in records)
    assert max(counts.values()) < 1.3 * min(counts.values())


def test_the_package_to_guess_is_not_spelled_out() -> None:
    for record in records_of("python_packages"):
        right = record["choices"][record["label"]]
        assert not re.search(rf"\b{right}\b", record["text"], re.IGNORECASE)
        assert len(record["choices"]) == 20


def test_answers_are_spans_of_their_docstring_and_some_questions_stay_open() -> None:
    records = records_of("python_questions")
    assert all(reply in record["context"] for record in records for reply in record["replies"])
    unanswered = sum(not record["replies"] for record in records)
    assert 0.2 < unanswered / len(records) < 0.4


def test_the_worse_reply_is_worse_by_a_rule_and_length_does_not_tell_it() -> None:
    records = records_of("python_preferences")
    counts = Counter(record["extra"]["worse"] for record in records)
    assert set(counts) == set(WORSE)
    assert max(counts.values()) < 1.3 * min(counts.values())
    for record in records:
        better, worse = record["chosen"], record["rejected"]
        assert better != worse
        assert worse.startswith(better) == (record["extra"]["worse"] == "strays")
        assert (better.startswith(worse) and len(worse.split()) < len(better.split())) == (
            record["extra"]["worse"] == "cut_off"
        )
    shorter = sum(len(record["chosen"].split()) < len(record["rejected"].split()) for record in records)
    assert 0.4 < shorter / len(records) < 0.6


def test_no_record_of_one_source_repeats_one_of_another() -> None:
    # Deduplication compares across sources: what one source takes, the others leave.
    functions = {record["group"] for record in records_of("python_code")}
    methods = {record["group"] for record in records_of("python_summaries")}
    assert not functions & methods


def test_an_installed_package_is_harvested_when_it_is_named() -> None:
    records = records_of("python_docs:yaml")
    assert len(records) > 40
    assert all(record["group"].split(".")[0] == "yaml" for record in records)


def test_a_package_that_says_little_still_gives_sound_choices() -> None:
    for record in records_of("python_choices:yaml") + records_of("python_packages:yaml"):
        assert 0 <= record["label"] < len(record["choices"]) == len(set(record["choices"]))
    with pytest.raises(UserError, match="gives no rows"):
        records_of("python_code:orjson")


def test_names_that_stand_for_nothing_are_refused_with_a_way_out() -> None:
    with pytest.raises(UserError, match="did you mean 'python_docs'"):
        embedded_digest("python_doc")
    with pytest.raises(UserError, match="not installed; did you mean 'pytest'"):
        embedded_digest("python_docs:pytes")
    with pytest.raises(UserError, match="write it like python_docs:numpy"):
        embedded_digest("python_docs:../numpy")
    with pytest.raises(UserError, match="write python_topics"):
        embedded_digest("python_topics:json")


def test_digests_tell_sources_and_packages_apart() -> None:
    names = ["python_docs", "python_code", "python_docs:json", "python_docs:email"]
    assert len({embedded_digest(name) for name in names}) == len(names)
    assert embedded_digest("python_docs") == embedded_digest("python_docs")
