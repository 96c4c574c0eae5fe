"""Conversations taken apart: system prompt, earlier turns, and the last exchange."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.records import TURNS


def last_exchange(records: pa.Table, replied: bool) -> dict[str, pa.Array]:
    """`system`, `history`, `last_prompt` and, when the conversation ends on the assistant (`replied`), `last_reply`.

    The record's own `system` field comes before a system turn of the conversation. Null where there is no conversation.
    """
    messages = records["messages"].combine_chunks()
    sizes = pc.fill_null(pc.list_value_length(messages), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    turns = messages.flatten()
    content, role = pc.struct_field(turns, "content"), pc.struct_field(turns, "role")
    ends = np.cumsum(sizes)
    starts = ends - sizes
    opens = np.zeros(len(messages), bool)
    if len(turns):
        first = np.minimum(starts, len(turns) - 1)
        opens = (sizes > 0) & (pc.equal(role, "system").to_numpy(zero_copy_only=False)[first])
    asked = ends - (2 if replied else 1)
    whole = asked >= starts + opens
    system = pc.coalesce(records["system"].combine_chunks(), _at(content, starts, opens))
    history = _slices(turns, np.where(whole, starts + opens, 0), np.where(whole, asked, 0), whole)
    found = {"system": system, "history": history, "last_prompt": _at(content, asked, whole)}
    return found | ({"last_reply": _at(content, ends - 1, whole)} if replied else {})


def _at(values: pa.Array, places: np.ndarray, valid: np.ndarray) -> pa.Array:
    return values.take(pa.array(np.where(valid, places, 0), mask=~valid))


def _slices(turns: pa.Array, starts: np.ndarray, stops: np.ndarray, valid: np.ndarray) -> pa.Array:
    """The turns from each start to each stop as lists; null where it is not valid or nothing stands between."""
    lengths = np.where(valid, stops - starts, 0)
    ends = np.cumsum(lengths)
    picked = np.arange(lengths.sum()) - np.repeat(ends - lengths, lengths) + np.repeat(starts, lengths)
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return pa.ListArray.from_arrays(offsets, turns.take(pa.array(picked)), type=TURNS, mask=pa.array(lengths == 0))
