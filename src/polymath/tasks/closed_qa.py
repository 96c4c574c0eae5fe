"""Closed QA: a question and its answer, nothing to read beside."""

from polymath.tasks.task import Task

CLOSED_QA = Task(
    name="closed_qa",
    about="Answer a question from what is known.",
    needs=("prompt", "reply"),
    identity=("prompt", "reply"),
    judged="reply",
)
