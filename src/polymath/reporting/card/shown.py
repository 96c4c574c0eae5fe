"""The records that the card shows, a few of many, spread over all shards: each shard is read once for all that is wanted of it.

They are kept beside the card, so that the next card reads only those that it shows and the last one did not.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from polymath.errors import UserError
from polymath.records import RECORD
from polymath.reporting.card.sample import Row
from polymath.store.folder import ShardFolder
from polymath.store.rows import find_rows
from polymath.store.shards import Shard

SHOWN = pa.schema([("shard", pa.string()), ("content", pa.string()), ("at", pa.int64()), *RECORD])
"""A record with the name and the digest of its shard, and the row where it stands there."""


class ShownRecords:
    """Records by shard and row."""

    def __init__(self, records: ShardFolder, earlier: Iterable[Shard] = ()) -> None:
        """`earlier`: cards that may have shown some of them."""
        self._records = records
        self._found: dict[int, pa.Table] = {}
        self._known = pa.concat_tables([SHOWN.empty_table(), *_beside(earlier)])

    def take(self, shard: int, rows: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Some rows (ascending) of some columns of one shard."""
        self._fetch(shard, np.unique(rows))
        found = self._found[shard]
        return found.select(columns).take(pa.array(find_rows(found["at"].to_numpy(), np.asarray(rows, np.int64))))

    def fetch(self, rows: Iterable[Row]) -> None:
        """Read what will be taken later, each shard once."""
        wanted: dict[int, set[int]] = {}
        for row in rows:
            wanted.setdefault(row.shard, set()).add(row.row)
        for shard, numbers in sorted(wanted.items()):
            self._fetch(shard, np.array(sorted(numbers)))

    def _fetch(self, number: int, rows: np.ndarray) -> None:
        shard = self._records.shards[number]
        found = self._found.get(number, SHOWN.empty_table())
        rows = np.setdiff1d(rows, found["at"].to_numpy())
        mine = self._known.filter((pa.compute.field("content") == shard.digest) & (pa.compute.field("shard") == shard.name))
        at = find_rows(mine["at"].to_numpy(), rows)
        parts = [found, mine.take(pa.array(at[at >= 0]))]
        if (at < 0).any():
            new = rows[at < 0]
            table = shard.take(new.tolist(), RECORD.names)
            place = [[shard.name] * len(new), [shard.digest] * len(new), new]
            columns = [pa.array(values, SHOWN.field(n).type) for n, values in enumerate(place)] + table.columns
            parts.append(pa.table(columns, schema=SHOWN))
        self._found[number] = pa.concat_tables(parts)

    @property
    def table(self) -> pa.Table:
        """All that were asked for (schema SHOWN), shard by shard: what the next card may find."""
        found = [table.sort_by("at") for _, table in sorted(self._found.items())]
        return pa.concat_tables([SHOWN.empty_table(), *found]).unify_dictionaries()


def _beside(cards: Iterable[Shard]) -> list[pa.Table]:
    """What stands beside earlier cards, where it can be read and has the same columns."""
    found = []
    for card in cards:
        try:
            table = card.read_aside() if card.entry.aside else None
        except UserError:  # what is damaged is read from the records again
            table = None
        if table is not None and table.schema.equals(SHOWN):
            found.append(table)
    return found
