"""Chat: a conversation of several turns, with or without a system prompt."""

from collections.abc import Mapping

import pyarrow as pa

from polymath.tasks.conversation import last_exchange
from polymath.tasks.task import Task


def _turns(records: pa.Table) -> Mapping[str, pa.Array]:
    """`{system}`, `{history}`: the turns before the last exchange; `{last_prompt}` and `{last_reply}`: that exchange."""
    return last_exchange(records, replied=True)


CHAT = Task(
    name="chat",
    about="Hold a conversation over several turns.",
    needs=("messages",),
    identity=("messages",),
    judged="messages",
    derive=_turns,
)
