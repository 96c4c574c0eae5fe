"""The two registries of adapters, and what an adapter yields."""

from collections.abc import Iterator
from typing import Any

from polymath.registry import Registry
from polymath.sources.rows import Place, Unfit

Record = dict[str, Any]
"""Fields of a record: those of TEXT_FIELDS, `group`, `language`, and `extra`, a small dict of what the source says beside."""
Records = Iterator[Record | Unfit]
"""What an adapter makes of a row, in file order. A part that is no record is yielded as Unfit, so that the others survive."""
Rows = Iterator[tuple[Place, Any]]
"""All rows of a source, for an adapter that must join several."""
PlacedRecords = Iterator[tuple[Place, Record | Unfit]]
"""Records and unfit rows with the place of the row they stand for. A row that is joined to another's record has none."""

adapters = Registry("adapter")
"""`function(row, *, options) -> Records`: one row in, its records out; raises Unfit when the whole row is no record."""
whole_adapters = Registry("adapter")
"""`function(rows, *, options) -> PlacedRecords`: for sources whose records are spread over rows. Each says what it holds."""
