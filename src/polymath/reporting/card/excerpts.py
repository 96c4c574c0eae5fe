"""What records say, in short, read for the few that the page shows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from polymath.reporting.card.sample import Row
from polymath.reporting.card.shown import ShownRecords
from polymath.reporting.card.words import shortened

FIELDS = ("prompt", "context", "reply", "replies", "choices", "answer", "chosen", "rejected", "text", "messages")
LENGTH = {"context": 160, "choices": 120}
LONGEST = 240
"""Characters of a field that are shown."""


@dataclass(frozen=True)
class Excerpt:
    """A record: its id, its source's task, and the fields that say something."""

    id: str
    fields: list[tuple[str, str]]


def read_excerpts(records: ShownRecords, rows: Iterable[Row]) -> dict[tuple[int, int], Excerpt]:
    """Excerpts of records by shard and row."""
    wanted: dict[int, set[int]] = {}
    for row in rows:
        wanted.setdefault(row.shard, set()).add(row.row)
    found = {}
    for shard, numbers in sorted(wanted.items()):
        order = sorted(numbers)
        for number, record in zip(order, records.take(shard, order, ["id", *FIELDS]).to_pylist(), strict=True):
            found[shard, number] = excerpt(record)
    return found


def excerpt(record: dict[str, Any]) -> Excerpt:
    """The fields that are there, each with its beginning and its end, as much as a person reads at a glance."""
    told = {name: as_text(record[name]) for name in FIELDS if record[name] not in (None, [])}
    return Excerpt(record["id"], [(name, shortened(text, LENGTH.get(name, LONGEST))) for name, text in told.items()])


def as_text(value: Any) -> str:
    """A field as one text without empty lines: lists a line each, conversations with their roles."""
    if isinstance(value, list):
        return "\n".join(as_text(element) for element in value)
    if isinstance(value, dict):
        return f"{value['role']}: {as_text(value['content'])}"
    return re.sub(r"\s*\n\s*", "\n", str(value)).strip()
