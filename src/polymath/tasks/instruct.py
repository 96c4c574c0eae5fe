"""Instruct: one instruction, sometimes with an input, and the response."""

import pyarrow as pa
import pyarrow.compute as pc

from polymath.tasks.task import Task, joined


class _Instruct(Task):
    def dedup_text(self, records: pa.Table) -> pa.Array:
        """Prompt and reply; where there is an input, the input and the reply.

        Thousands of records may share one long instruction ("You are given a sentence. Decide whether ...") and differ in a short
        input alone: with the instruction they would all be near-duplicates of one another.
        """
        prompt, context, reply = (records[name].combine_chunks() for name in ("prompt", "context", "reply"))
        return joined([pc.coalesce(context, prompt), reply], "\n")


INSTRUCT = _Instruct(
    name="instruct",
    about="Follow an instruction, with or without an input.",
    needs=("prompt", "reply"),
    identity=("prompt", "context", "reply"),
    judged="reply",
)
