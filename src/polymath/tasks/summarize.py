"""Summarise: a document and its summary, headline or TL;DR."""

from polymath.tasks.task import Task

SUMMARIZE = Task(
    name="summarize",
    about="Say in short what a document says.",
    needs=("context", "reply"),
    identity=("context", "reply"),
    judged="context",
)
