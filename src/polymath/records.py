"""The record, the example and the decision: the three tables that the whole of curate hands on.

A **record** is the smallest unit that an adapter yields (SQuAD: a question; OASST: a thread; a book: a chapter-sized piece),
numbered in file order before any filter. One wide, nullable schema serves every task.
"""

import pyarrow as pa

TURN = pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())])
TURNS = pa.list_(TURN)
STRINGS = pa.list_(pa.string())

TEXT_FIELDS: dict[str, pa.DataType] = {
    "context": pa.string(),  # the passage, document or premise that the rest is about
    "prompt": pa.string(),  # the question, instruction or intent
    "reply": pa.string(),  # the answer, summary or code
    "replies": STRINGS,  # several accepted answers, the first one preferred; empty when there is none
    "choices": STRINGS,  # the options of a choice, or the names of the classes
    "answer": pa.string(),  # the short final answer beside a longer reply: "18", "B", "True"
    "label": pa.int32(),  # which of `choices` is right, from 0
    "system": pa.string(),  # the system prompt of a conversation
    "messages": TURNS,  # a conversation, roles `system`, `user`, `assistant`, `tool`
    "chosen": pa.string(),  # the better of two replies to `prompt` or to `messages`
    "rejected": pa.string(),  # the worse one
    "text": pa.string(),  # plain text, or the text to classify
}
"""The fields that an adapter or a `fields:` mapping may fill."""

RECORD = pa.schema(
    [
        ("id", pa.string()),  # <source>/<number>, stable for a source revision
        ("source", pa.dictionary(pa.int32(), pa.string())),
        ("file", pa.dictionary(pa.int32(), pa.string())),  # where the row stands: file, and
        ("row", pa.int64()),  # its number in that file, from 0
        ("group", pa.string()),  # article, context, thread or prompt shared with siblings; else null, and the record is its own
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("tier", pa.dictionary(pa.int32(), pa.string())),
        ("language", pa.dictionary(pa.int32(), pa.string())),  # as the source declares it; null when it does not
        *TEXT_FIELDS.items(),
        ("parents", STRINGS),  # ids of the records that a generated record was made from
        ("extra", pa.string()),  # JSON of what the source says beside: title, score, licence of the row, ...
    ]
)

QUARANTINED = pa.schema(
    [
        ("source", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("excerpt", pa.string()),
    ]
)

EXAMPLE = pa.schema(
    [
        ("id", pa.string()),  # <record id>#<recipe>
        ("record", pa.int64()),  # the record's row in the record shard of the same name
        ("source", pa.dictionary(pa.int32(), pa.string())),
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("recipe", pa.dictionary(pa.int32(), pa.string())),
        ("system", pa.string()),
        ("history", TURNS),  # earlier turns of a conversation; the assistant's are trained on too
        ("prompt", pa.string()),  # what is asked, in one of the recipe's wordings
        ("input", pa.string()),  # the passage, document or code that the prompt is about
        ("reply", pa.string()),  # what is trained on
        ("check", pa.dictionary(pa.int32(), pa.string())),  # how a program tells a right reply; null where none can
        ("expected", pa.string()),  # what it compares with, or the tests that code must pass
        ("text", pa.string()),  # plain text, trained on whole; then there is no prompt and no reply
        ("chosen", pa.string()),
        ("rejected", pa.string()),
    ]
)

DECISION = pa.schema(
    [
        ("kept", pa.bool_()),  # still in after this step
        ("reason", pa.dictionary(pa.int32(), pa.string())),  # the first reason that removed it, of this step or an earlier one
        ("task", pa.dictionary(pa.int32(), pa.string())),  # the task it has now; a rule may have moved it
    ]
)
"""What every decision dataset holds, row for row with the record shards; each step adds columns with what it measured."""
