"""Part 7: benchmark items beside the records that leak them."""

import re
from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from polymath.pipelines.curate.decontaminate import LEAK
from polymath.records import TEXT_FIELDS
from polymath.reporting.card.inputs import Data
from polymath.reporting.card.sample import Draw, Row, by_value, luck
from polymath.reporting.card.words import cut
from polymath.tasks.task import whole_text

AROUND = 200
"""Characters that are shown before and after what matched."""
WORD = re.compile(r"[^\W_]+")
BETWEEN = r"[\W_]+"


@dataclass(frozen=True)
class Marked:
    """A text with the stretch that matched; empty where it cannot be found word by word."""

    before: str
    matched: str
    after: str


@dataclass(frozen=True)
class Leak:
    """A removed record and the item that it holds."""

    id: str
    benchmark: str
    item: str
    covered: float
    question: Marked
    """The benchmark's item."""
    record: Marked


@dataclass(frozen=True)
class Leaks:
    """What decontaminate removed."""

    where: list[tuple[str, str, int]]
    """Benchmark, source and records, the most first."""
    examples: list[Leak]


def find_leaks(data: Data, examples: int) -> Leaks:
    """All removed records by benchmark and source, and some of them, one benchmark after another."""
    draw, counts = Draw(examples), Counter[tuple[str, str]]()
    for number, shard in enumerate(data["decontaminate_decisions"].shards):
        table = shard.read(["reason", "benchmark"])
        gone = pc.fill_null(pc.equal(table["reason"].cast(pa.string()), LEAK), False).to_numpy()
        rank, source = luck(shard.name, shard.rows), data["records"].shards[number].entry.note["source"]
        for name, rows in by_value(table["benchmark"]):
            mine = rows[gone[rows]]
            draw.offer(name, number, mine, rank[mine])
            counts[name, source] += len(mine)
    where = sorted(((*pair, count) for pair, count in counts.items() if count), key=lambda row: (-row[2], row[:2]))
    return Leaks(where, [_leak(data, row) for row in draw.in_turn(examples)])


def _leak(data: Data, row: Row) -> Leak:
    decided = data["decontaminate_decisions"].shards[row.shard].take([row.row]).to_pylist()[0]
    record = data.records.take(row.shard, [row.row], ["id", *TEXT_FIELDS])
    item = _item(data, decided["benchmark"], decided["item"])
    said, matched = whole_text(record)[0].as_py(), decided["matched"] or ""
    return Leak(
        record["id"][0].as_py(),
        decided["benchmark"],
        decided["item"],
        decided["covered"],
        mark(item, matched),
        mark(said, matched),
    )


def _item(data: Data, benchmark: str, name: str) -> str:
    """The text of a benchmark's item."""
    shard = next(shard for shard in data["benchmark_items"].shards if shard.name == benchmark)
    table = shard.read(["id", "text"])
    place = table["id"].to_pylist().index(name)
    text: str = table["text"][place].as_py()
    return text


def mark(text: str, matched: str) -> Marked:
    """The text around what matched: words were compared, so case, signs and spaces may differ."""
    words = WORD.findall(matched)
    found = re.search(BETWEEN.join(map(re.escape, words)), text, re.IGNORECASE) if words else None
    if found is None:
        return Marked(cut(text, 3 * AROUND), "", "")
    at, end = found.span()
    start = max(at - AROUND, 0)
    before = ("… " if start else "") + text[start:at]
    return Marked(before, cut(text[at:end], 3 * AROUND), cut(text[end:], AROUND))
