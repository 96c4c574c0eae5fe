"""Layouts: rows of a benchmark's original files as rows of its hub dataset, which lm-eval's tasks are written for.

EXTEND: one function per benchmark whose files have other columns. It takes a file's name and a row, and yields the part that
the row belongs to ("" where the benchmark has none) with the row as the hub has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from polymath.errors import UserError
from polymath.registry import Registry

Row = dict[str, Any]
Parts = Iterator[tuple[str, Row]]

layouts = Registry("layout")
LETTERS = "ABCD"


@layouts.register
def as_they_are(file: str, row: Row) -> Parts:
    """The columns are those of the hub."""
    yield "", row


@layouts.register
def mmlu(file: str, row: Row) -> Parts:
    """`<subject>_<split>.csv` with the columns question, A, B, C, D, answer (a letter): the subject is the part."""
    if row["answer"] not in LETTERS:
        raise UserError(f"{file}: the answer is {row['answer']!r}, not one of A, B, C, D")
    choices = [row[letter] for letter in LETTERS]
    subject = stem(file).rpartition("_")[0]
    yield subject, {"question": row["question"], "choices": choices, "answer": LETTERS.index(row["answer"])}


@layouts.register
def file_is_part(file: str, row: Row) -> Parts:
    """The file's name is the part: BIG-Bench Hard has a file for each of its tasks."""
    yield stem(file), row


@layouts.register
def math_subjects(file: str, row: Row) -> Parts:
    """MATH's `type` tells the part, by the names that lm-eval's files have."""
    names = {"counting_&_probability": "counting_and_prob", "number_theory": "num_theory", "precalculus": "precalc"}
    kind = row["type"].lower().replace(" ", "_")
    yield names.get(kind, kind), row


@layouts.register
def squad(file: str, row: Row) -> Parts:
    """A paragraph of SQuAD's own format with its questions: a row each, with the answers as lists."""
    for question in row["qas"]:
        answers = question["answers"]
        lists = {"text": [each["text"] for each in answers], "answer_start": [each["answer_start"] for each in answers]}
        yield "", {"id": question["id"], "context": row["context"], "question": question["question"], "answers": lists}


def stem(file: str) -> str:
    """A file's name without its folder and endings."""
    return PurePosixPath(file).name.split(".")[0]
