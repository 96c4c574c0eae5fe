"""Signals of conversations: how many turns, and whether the roles come in an order that can be trained on."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

SYSTEM, USER, ASSISTANT, TOOL = range(4)
CODES = pa.array(["system", "user", "assistant", "tool"])


def conversation_signals(records: pa.Table) -> dict[str, np.ndarray]:
    """`turns`: int32; `wrong_role_order` and `empty_turn`: bool; zero and no where a record has no conversation.

    Roles are in order when a system turn, if any, comes first, then the user; when no role but the tool's speaks twice in a
    row; and when an assistant has the last word (a preference record's replies come after its conversation instead).
    """
    messages = records["messages"].combine_chunks()
    rows = len(messages)
    lengths = pc.fill_null(pc.list_value_length(messages), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    turns = messages.flatten()
    roles = pc.index_in(pc.struct_field(turns, "role"), CODES).to_numpy(zero_copy_only=False)
    empty = pc.equal(pc.utf8_trim_whitespace(pc.struct_field(turns, "content")), "")
    owner = np.repeat(np.arange(rows), lengths)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    said = lengths > 0

    wrong = np.zeros(rows, bool)
    position = np.arange(len(owner)) - starts[owner]
    follows = position > 0
    previous = np.roll(roles, 1)
    wrong[owner[(roles == SYSTEM) & follows]] = True
    wrong[owner[follows & (roles == previous) & (roles != TOOL)]] = True
    wrong[owner[follows & (previous == SYSTEM) & (roles != USER)]] = True
    wrong[owner[~follows & (roles != SYSTEM) & (roles != USER)]] = True
    paired = pc.is_valid(records["chosen"]).to_numpy()
    last = roles[np.maximum(ends - 1, 0)] if len(roles) else np.zeros(rows, np.int32)
    wrong |= said & np.where(paired, last == ASSISTANT, last != ASSISTANT)
    holes = np.zeros(rows, bool)
    holes[owner[pc.fill_null(empty, True).to_numpy(zero_copy_only=False)]] = True
    return {"turns": lengths.astype(np.int32), "wrong_role_order": wrong & said, "empty_turn": holes}
