"""Lists of choices as text, for all records of a table at once."""

import string

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LETTERS = pa.array(string.ascii_uppercase)
"""A to Z: a record with more choices is refused at ingest."""


def chosen(records: pa.Table) -> pa.Array:
    """The choice that `label` points to; null where it points nowhere."""
    choices, label = _parts(records)
    starts = choices.offsets.to_numpy()[:-1].astype(np.int64)
    size = pc.fill_null(pc.list_value_length(choices), 0).to_numpy()
    picked = pc.fill_null(label, -1).to_numpy()
    inside = (picked >= 0) & (picked < size)
    places = pa.array(np.where(inside, starts + picked, 0), mask=~inside)
    return choices.values.take(places)


def letters(records: pa.Table) -> pa.Array:
    """The letter of the right choice."""
    return LETTERS.take(records["label"].combine_chunks())


def lettered(records: pa.Table) -> pa.Array:
    """All choices, a line each, as `A. first`."""
    choices, _ = _parts(records)
    sizes = pc.fill_null(pc.list_value_length(choices), 0).to_numpy()
    ordinals = np.concatenate([np.arange(size) for size in sizes]) if len(sizes) else np.empty(0, np.int64)
    values = choices.flatten()
    lines = pc.binary_join_element_wise(LETTERS.take(pa.array(ordinals, pa.int64())), values, ". ")
    offsets = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, lines), "\n")


def listed(records: pa.Table, separator: str) -> pa.Array:
    """All choices in one line."""
    choices, _ = _parts(records)
    return pc.binary_join(choices, separator)


def _parts(records: pa.Table) -> tuple[pa.ListArray, pa.Array]:
    return records["choices"].combine_chunks(), records["label"].combine_chunks()
