"""Part 7: rows that became no record, by reason."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from polymath.reporting.card.inputs import Data
from polymath.reporting.card.sample import Draw, by_value, luck
from polymath.sources.build import LEFT_OUT


@dataclass(frozen=True)
class Quarantined:
    """The rows that were set aside for one reason."""

    reason: str
    rows: int
    sources: list[tuple[str, int]]
    """The most rows first."""
    detail: str
    """What is wrong with one of them, in a sentence,"""
    place: str
    """where it stands,"""
    excerpt: str
    """and how it begins."""

    @property
    def is_refused(self) -> bool:
        """The row is sound; its adapter leaves it out on purpose."""
        return self.reason == LEFT_OUT


def find_quarantined(data: Data) -> list[Quarantined]:
    """Reasons, the commonest first, with one row as an example."""
    draw, counts = Draw(1), Counter[tuple[str, str]]()
    shards = data["quarantined_rows"].shards
    for number, shard in enumerate(shards):
        table = shard.read(["source", "reason"])
        rank = luck(shard.name, shard.rows)
        for reason, rows in by_value(table["reason"]):
            draw.offer(reason, number, rows, rank[rows])
            counts.update({(reason, name): len(mine) for name, mine in by_value(table["source"].take(pa.array(rows)))})
    found = []
    for reason in draw.labels:
        row = draw.drawn(reason)[0]
        found.append(_quarantined(reason, counts, shards[row.shard].take([row.row])))
    return sorted(found, key=lambda one: (-one.rows, one.reason))


def _quarantined(reason: str, counts: Counter[tuple[str, str]], example: pa.Table) -> Quarantined:
    sources = sorted(((s, n) for (r, s), n in counts.items() if r == reason), key=lambda item: (-item[1], item[0]))
    row = example.to_pylist()[0]
    return Quarantined(
        reason, sum(n for _, n in sources), sources, row["detail"], f"{row['file']} row {row['row']:,}", row["excerpt"]
    )
