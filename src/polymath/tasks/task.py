"""What a task is: the fields it needs, what makes two of its records the same, and what its recipes may name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from polymath.records import TEXT_FIELDS

Derive = Callable[[pa.Table], Mapping[str, pa.Array]]


def _nothing(records: pa.Table) -> Mapping[str, pa.Array]:
    return {}


@dataclass(frozen=True)
class Task:
    """One kind of training record."""

    name: str
    about: str
    """One line for people: what the model learns from it."""
    needs: tuple[str, ...]
    """Record fields without which a row is no record of this task; a row that lacks one is quarantined."""
    identity: tuple[str, ...]
    """Fields that make its **dedup text**. A shared context is left out: siblings are a group, not duplicates."""
    judged: str
    """The field that carries the worth of the record: filters for prose look at it."""
    shape: Literal["text", "turns", "pair"] = "turns"
    """What its examples are: plain text, prompt and reply, or prompt with a better and a worse reply."""
    derive: Derive = _nothing
    """Names that its recipes may use beside the record's fields, e.g. `{options}` for the lettered choices."""

    def dedup_text(self, records: pa.Table) -> pa.Array:
        """The text by which records are compared: the identity fields in order, a line each, missing ones left out."""
        return joined([flat(records[name]) for name in self.identity], "\n")


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A field as one string a record: lists are joined by lines, conversations by the contents of their turns."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if not pa.types.is_list(array.type):
        return array
    values = array.flatten()
    if pa.types.is_struct(array.type.value_type):
        values = pc.struct_field(values, "content")
    lengths = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pc.fill_null(values, ""), mask=array.is_null()), "\n")


def joined(columns: list[pa.Array], separator: str) -> pa.Array:
    """The columns' strings joined row by row; nulls are skipped. `large_string`, so that a shard may hold over 2 GB."""
    first, *others = (column.cast(pa.large_string()) for column in columns)
    if not others:
        return pc.fill_null(first, "")  # without a copy, where there is nothing to fill
    nothing = first.is_null()
    for other in others:
        nothing = pc.and_(nothing, other.is_null())
    # A row of nulls alone must not reach the join: pyarrow 25 would leave the row out, and all after it would shift.
    first = pc.if_else(nothing, pa.scalar("", pa.large_string()), first)
    return pc.binary_join_element_wise(first, *others, pa.scalar(separator, pa.large_string()), null_handling="skip")


def whole_text(records: pa.Table) -> pa.Array:
    """Everything that a record says, field by field: an item leaks wherever it stands."""
    fields = [name for name, kind in TEXT_FIELDS.items() if kind != pa.int32() and records[name].null_count < len(records)]
    if not fields:
        return pa.array([""] * len(records), pa.large_string())
    return joined([flat(records[name]) for name in fields], "\n")
