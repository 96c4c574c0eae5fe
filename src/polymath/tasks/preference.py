"""Preference: a prompt or a conversation, a better reply and a worse one."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from polymath.tasks.conversation import last_exchange
from polymath.tasks.task import Task


def _asked(records: pa.Table) -> Mapping[str, pa.Array]:
    """`{asked}`: the prompt, or the last turn of the conversation before the replies; `{history}`: the turns before it."""
    turns = last_exchange(records, replied=False)
    asked = pc.coalesce(records["prompt"].combine_chunks(), turns["last_prompt"])
    return {"system": turns["system"], "history": turns["history"], "asked": asked}


PREFERENCE = Task(
    name="preference",
    about="Tell the better of two replies.",
    needs=("chosen", "rejected"),
    identity=("prompt", "messages", "chosen", "rejected"),
    judged="chosen",
    shape="pair",
    derive=_asked,
)
