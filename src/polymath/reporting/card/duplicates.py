"""Part 7: near-duplicates beside what they repeat, word for word."""

import difflib
import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.pipelines.curate.order import PolicyOrder
from polymath.pipelines.curate.verify import NEAR_DUPLICATE
from polymath.reporting.card.charts import Histogram, histogram, spread
from polymath.reporting.card.inputs import Data
from polymath.reporting.card.sample import Draw, Row, luck
from polymath.tasks import TASKS

CANDIDATES = 10
"""So many pairs are drawn, from all sources in turn, for each that is shown: those shown span the range of similarities."""
WORDS = 600
"""Words of a text that are compared."""
AROUND = 8
"""Words that are shown before and after a difference."""
PIECE = re.compile(r"\s+|\w+|[^\w\s]")
UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

Text = list[tuple[str, str]]
"""Pieces of a text: `same`, `differs` or `gap` (left out), and the words."""


@dataclass(frozen=True)
class Twin:
    """A removed record beside the one that it repeats."""

    id: str
    keeper: str
    similarity: float
    left: Text
    """The kept one."""
    right: Text
    """The removed one."""

    @property
    def says_the_same(self) -> bool:
        """The words are the same; what differs is case, punctuation or their order at a distance."""
        return self.similarity > 0.9995


@dataclass(frozen=True)
class Duplicates:
    """What dedup removed."""

    chart: Histogram | None
    """Similarities of near-duplicates with what they repeat."""
    twins: list[Twin]
    repeated: list[tuple[str, int]]
    """The records that are repeated most, and how often."""


def find_duplicates(data: Data, threshold: float, pairs: int, most: int) -> Duplicates:
    """Similarities of all, and some pairs across their range."""
    draw, similarities, names = Draw(pairs * CANDIDATES), [np.empty(0, np.float32)], []
    for number, shard in enumerate(data["dedup_decisions"].shards):
        table = shard.read(["reason", "duplicate_of", "similarity"])
        repeats = table["duplicate_of"].is_valid().to_numpy()
        if not repeats.any():
            continue
        names.append(table["duplicate_of"].drop_null().cast(pa.string()))
        near = table["reason"].cast(pa.string()).fill_null("").to_numpy() == NEAR_DUPLICATE
        similarity = table["similarity"].to_numpy()
        near &= ~np.isnan(similarity)
        similarities.append(similarity[near])
        rows = np.flatnonzero(near)
        source = data["records"].shards[number].entry.note["source"]
        draw.offer(source, number, rows, luck(shard.name, shard.rows)[rows])
    every = np.concatenate(similarities)
    chart = histogram(every, threshold, is_floor=False) if len(every) else None
    return Duplicates(chart, _twins(data, draw.in_turn(pairs * CANDIDATES), pairs), _most_repeated(names, most))


def _most_repeated(names: list[pa.ChunkedArray], most: int) -> list[tuple[str, int]]:
    """Kept records by the number of records that repeat them."""
    if not names:
        return []
    counts = pc.value_counts(pa.chunked_array([chunk for column in names for chunk in column.chunks]))
    found = [(row["values"], row["counts"]) for row in counts.to_pylist() if row["counts"] > 1]
    return sorted(found, key=lambda item: (-item[1], item[0]))[:most]


def _twins(data: Data, rows: list[Row], pairs: int) -> list[Twin]:
    """Of the rows that were drawn, those at even steps through the range of similarities, the least similar first."""
    order = PolicyOrder.of(data["records"])
    drawn = []
    for number in sorted({row.shard for row in rows}):
        mine = sorted((row for row in rows if row.shard == number), key=lambda row: row.row)
        decided = data["dedup_decisions"].shards[number].take([row.row for row in mine], ["duplicate_of", "similarity"])
        drawn += [(each["similarity"], row, each["duplicate_of"]) for row, each in zip(mine, decided.to_pylist(), strict=True)]
    drawn.sort(key=lambda each: (each[0], each[1]))
    found = []
    for similarity, row, keeper in (drawn[place] for place in spread(len(drawn), pairs)):
        shard, number = (int(each[0]) for each in order.locate(order.places([keeper])))
        (name, removed), (_, kept) = (_compared(data, *place) for place in ((row.shard, row.row), (shard, number)))
        found.append(Twin(name, keeper, similarity, *mark(kept, removed)))
    return found


def _compared(data: Data, shard: int, row: int) -> tuple[str, str]:
    """A record's id, and the text by which it is compared."""
    fields = sorted({name for task in TASKS.values() for name in task.identity})
    table = data.records.take(shard, [row], ["id", *fields])
    task = data["records"].shards[shard].entry.note["task"]
    return table["id"][0].as_py(), TASKS[task].dedup_text(table)[0].as_py()


def mark(left: str, right: str) -> tuple[Text, Text]:
    """Both texts cut around their differences, with the differing words told apart."""
    one, other = pieces(left), pieces(right)
    texts: tuple[Text, Text] = ([], [])
    # Whichever white space it is makes no difference worth marking.
    first, second = ([" " if word.isspace() else word for word in words] for words in (one, other))
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    blocks = matcher.get_opcodes()
    for number, (kind, *bounds) in enumerate(blocks):
        for text, words, (a, b) in zip(texts, (one, other), (bounds[:2], bounds[2:]), strict=True):
            part = words[a:b]
            if kind != "equal":
                text += [("differs", "".join(part))] if part else []
            else:
                text += _shortened(part, number == 0, number == len(blocks) - 1)
    return _joined(texts[0]), _joined(texts[1])


def _joined(text: Text) -> Text:
    """Differing words with nothing but space between them are one difference."""
    found: Text = []
    for kind, words in text:
        if kind == "differs" and len(found) > 1 and found[-2][0] == "differs" and found[-1][1].isspace():
            space, before = found.pop()[1], found.pop()[1]
            words = before + space + words
        found.append((kind, words))
    return found


def pieces(text: str) -> list[str]:
    """Words, spaces and signs one by one; scripts without spaces letter by letter."""
    found = PIECE.findall(text[: WORDS * 12])
    parts = [letter for piece in found for letter in (piece if UNSPACED.match(piece) else [piece])]
    return parts[: 2 * WORDS]


def _shortened(words: list[str], first: bool, last: bool) -> Text:
    """What both have in common: only its ends, which lie beside a difference."""
    around = 2 * AROUND
    before, after = ([] if first else words[:around]), ([] if last else words[-around:])
    if len(words) <= 2 * around + 6:
        return [("same", "".join(words))]
    text: Text = [("same", "".join(before))] if before else []
    text.append(("gap", " … "))
    return [*text, ("same", "".join(after))] if after else text
