"""Extractive QA: a passage, a question, and the spans of the passage that answer it (none when it does not)."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from polymath.tasks.task import Task

UNANSWERABLE = "The passage does not say."


def _answer(records: pa.Table) -> Mapping[str, pa.Array]:
    """`{answer}`: the preferred span; a plain refusal where the passage holds none (SQuAD 2.0)."""
    replies = records["replies"].combine_chunks()
    first = pc.list_element(pc.if_else(pc.equal(pc.list_value_length(replies), 0), None, replies), 0)
    return {"answer": pc.coalesce(first, pa.scalar(UNANSWERABLE)), "span": first}


EXTRACTIVE_QA = Task(
    name="extractive_qa",
    about="Answer a question from a passage, or say that it does not tell.",
    needs=("context", "prompt", "replies"),
    identity=("prompt", "replies"),
    judged="prompt",
    derive=_answer,
)
