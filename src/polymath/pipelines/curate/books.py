"""The books: what became of every row, source by source. A run whose books do not balance fails, and says where.

Rows:     read = quarantined + refused + ingested
Records:  made = kept + removed, each by its first reason
Examples: composed = tokenized + of records that left after composing
Tokens:   of a track's examples = packed + left out, source by source, and none stands twice

"moved" and "generated" are labels beside the sums, not terms in them.
"""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.decisions import side_by_side
from polymath.pipelines.curate.tracks import MixConfig, TrackConfig
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 2

FATE = pa.schema(
    [
        ("source", pa.string()),
        ("declared", pa.string()),  # the task that the source declares
        ("task", pa.string()),  # the task that it has now
        ("language", pa.string()),
        ("split", pa.string()),  # null for what is removed
        ("reason", pa.string()),  # null for what is kept
        ("moved", pa.string()),  # the rule that moved it
        ("generated", pa.bool_()),
        ("records", pa.int64()),
        ("examples", pa.int64()),
    ]
)
BOOK = pa.schema(
    [
        ("ledger", pa.string()),  # rows, records, labels, examples, tokens, drawn
        ("source", pa.string()),
        ("line", pa.string()),
        ("track", pa.string()),
        ("count", pa.int64()),
    ]
)


def count_fates(
    records: ShardFolder,
    text_signals: ShardFolder,
    clean_decisions: ShardFolder,
    split: ShardFolder,
    examples: ShardFolder,
    engine: EngineConfig,
) -> Plan:
    """How many records of each kind met each fate, and how many examples were made of them."""
    folders = (records, text_signals, clean_decisions, split, examples)
    shards = side_by_side(*folders)
    items = tuple(Item(each[0].name, each, each[0].rows) for each in shards)
    inputs = {folder.path.name: folder.digest for folder in folders}
    return Plan("books", count_shard, items, version=VERSION, engine=engine, inputs=inputs)


def count_shard(records: Shard, signals: Shard, clean: Shard, split: Shard, examples: Shard) -> pa.Table:
    """Fates of one shard (schema FATE)."""
    table = records.read(["source", "task", "parents"])
    last = split.read(["kept", "reason", "task", "split"])
    made = np.bincount(examples.read(["record"])["record"].to_numpy(), minlength=len(table))
    columns: dict[str, Any] = {
        "source": table["source"].cast(pa.string()),
        "declared": table["task"].cast(pa.string()),
        "task": last["task"].cast(pa.string()),
        "language": signals.read(["language"])["language"].cast(pa.string()),
        "split": pc.if_else(last["kept"], last["split"].cast(pa.string()), pa.scalar(None, pa.string())),
        "reason": last["reason"].cast(pa.string()),
        "moved": clean.read(["moved"])["moved"].cast(pa.string()),
        "generated": pc.greater(pc.fill_null(pc.list_value_length(table["parents"]), 0), 0),
        "records": pa.array(np.ones(len(table), np.int64)),
        "examples": pa.array(made),
    }
    keys = [name for name in FATE.names if name not in ("records", "examples")]
    grouped = pa.table(columns).group_by(keys, use_threads=False).aggregate([("records", "sum"), ("examples", "sum")])
    grouped = grouped.rename_columns([name.removesuffix("_sum") for name in grouped.column_names])
    return grouped.select(FATE.names).cast(FATE).sort_by([(key, "ascending") for key in keys])


def balance_books(
    records: ShardFolder,
    fates: ShardFolder,
    token_counts: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    mix: MixConfig,
    engine: EngineConfig,
) -> Plan:
    """Add everything up, source by source, and fail where a sum is not what it must be."""
    folders = (records, fates, token_counts, tokens, sequences, schedule)
    mix.check_packed([packed.name for packed, _ in side_by_side(sequences, schedule)])
    item = Item("books", folders, records.rows)
    inputs = {folder.path.name: folder.digest for folder in folders}
    return Plan("books", balance, (item,), BooksConfig(tracks=mix.wanted), VERSION, engine=engine, inputs=inputs)


class BooksConfig(Config):
    """What the books have to know of the tracks: which examples go into each."""

    tracks: dict[str, TrackConfig]


def balance(
    records: ShardFolder,
    fates: ShardFolder,
    token_counts: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    config: BooksConfig,
) -> pa.Table:
    """All ledgers (schema BOOK); raises UserError for the first that does not balance."""
    book = _Book()
    _book_rows(book, records)
    _book_records(book, records, fates.read().to_pylist())
    counts = token_counts.read()
    _book_examples(book, fates.read().to_pylist(), counts.to_pylist(), tokens)
    for packed, scheduled in zip(sequences.shards, schedule.shards, strict=True):
        _book_track(book, packed, scheduled, tokens)
        _check_track(book, packed.name, counts.filter(pa.array(config.tracks[packed.name].takes(counts))))
    return book.table()


class _Book:
    """Lines of the ledgers, added up as they come."""

    def __init__(self) -> None:
        self.lines: Counter[tuple[str, str, str, str | None]] = Counter()

    def add(self, ledger: str, source: str, line: str, count: int, track: str | None = None) -> None:
        self.lines[ledger, source, line, track] += int(count)

    def total(self, ledger: str, source: str, line: str, track: str | None = None) -> int:
        return self.lines[ledger, source, line, track]

    def check(self, ledger: str, source: str, whole: int, parts: dict[str, int]) -> None:
        """The whole is the sum of its parts, or the run fails."""
        if whole != sum(parts.values()):
            shown = " + ".join(f"{count:,} {name}" for name, count in parts.items() if count)
            raise UserError(
                f"the books of {source} do not balance: {whole:,} {ledger}, but {shown or 'nothing'} "
                f"(a difference of {whole - sum(parts.values()):+,}); this is a fault in Polymath, please report it"
            )

    def table(self) -> pa.Table:
        order = {ledger: number for number, ledger in enumerate(("rows", "records", "labels", "examples", "tokens", "drawn"))}
        rows = sorted(self.lines.items(), key=lambda item: (order[item[0][0]], item[0][3] or "", item[0][1], item[0][2]))
        columns = [[key[place] for key, _ in rows] for place in range(3)]
        arrays = [*columns, [key[3] for key, _ in rows], [count for _, count in rows]]
        return pa.table([pa.array(a, f.type) for a, f in zip(arrays, BOOK, strict=True)], schema=BOOK)


def _book_rows(book: _Book, records: ShardFolder) -> None:
    """Rows as the source's files hold them: the last shard of each source has the count."""
    for source, counts in {shard.entry.note["source"]: shard.entry.note["counts"] for shard in records.shards}.items():
        parts = {name: counts[name] for name in ("quarantined", "refused", "ingested")}
        book.check("rows read", source, counts["rows"], parts)
        for line, count in {"read": counts["rows"], **parts}.items():
            book.add("rows", source, line, count)


def _book_records(book: _Book, records: ShardFolder, fates: list[dict[str, Any]]) -> None:
    for shard in records.shards:
        book.add("records", shard.entry.note["source"], "made", shard.rows)
    for fate in fates:
        book.add("records", fate["source"], fate["reason"] or "kept", fate["records"])
        if fate["moved"]:
            book.add("labels", fate["source"], f"moved by {fate['moved']}", fate["records"])
        if fate["generated"]:
            book.add("labels", fate["source"], "generated", fate["records"])
    for source in {fate["source"] for fate in fates}:
        lines = {key[2]: count for key, count in book.lines.items() if key[:2] == ("records", source)}
        made = lines.pop("made")
        book.check("records made", source, made, lines)


def _book_examples(book: _Book, fates: list[dict[str, Any]], counts: list[dict[str, Any]], tokens: ShardFolder) -> None:
    """Examples composed, and of them those tokenized, by recipe; their tokens."""
    composed: Counter[str] = Counter()
    gone: Counter[str] = Counter()
    for fate in fates:
        composed[fate["source"]] += fate["examples"]
        gone[fate["source"]] += fate["examples"] if fate["reason"] else 0
    tokenized: Counter[str] = Counter()
    for row in counts:
        tokenized[row["source"]] += row["examples"]
        book.add("examples", row["source"], row["recipe"], row["examples"])
        book.add("tokens", row["source"], row["split"], row["tokens"])
        book.add("tokens", row["source"], f"{row['split']} with loss", row["loss_tokens"])
    for source, whole in composed.items():
        parts = {"tokenized": tokenized[source], "of records that left after composing": gone[source]}
        book.check("examples composed", source, whole, parts)
        book.add("examples", source, "composed", whole)
        book.add("examples", source, "tokenized", tokenized[source])
    rows = sum(tokenized.values())
    book.check("examples in token shards", "all sources", tokens.rows, {"counted": rows})


def _book_track(book: _Book, packed: Shard, scheduled: Shard, tokens: ShardFolder) -> None:
    """Tokens packed, left out and drawn of each source in one track; every token of every example exactly once."""
    track = packed.name
    sources = np.array([shard.name.rpartition("-")[0] for shard in tokens.shards])
    table = packed.read(["split", "pieces"])
    pieces = table["pieces"].combine_chunks()
    shard, example, start, length = (pc.struct_field(pieces.flatten(), [n]).to_numpy(zero_copy_only=False) for n in range(4))
    left = packed.read_aside()
    _once(shard, example, start, length, track)
    for number, source in enumerate(sources.tolist()):
        mine = left.filter(pa.array(left["shard"].to_numpy() == number))
        book.add("tokens", source, "packed", length[shard == number].sum(), track)
        book.add("tokens", source, "left out", pc.sum(mine["tokens"]).as_py() or 0, track)
        book.add("examples", source, "left out", len(mine), track)
    draws = np.bincount(scheduled.read(["sequence"])["sequence"].to_numpy(), minlength=len(table))
    by_piece = np.repeat(draws, pc.list_value_length(pieces).to_numpy(zero_copy_only=False))
    for source in np.unique(sources).tolist():
        mine = np.isin(shard, np.flatnonzero(sources == source))
        book.add("drawn", source, "tokens", (length[mine] * by_piece[mine]).sum(), track)


def _check_track(book: _Book, track: str, counts: pa.Table) -> None:
    """No token of what goes into a track (rows of schema COUNT) is lost, and none comes from nowhere."""
    taken: Counter[str] = Counter()
    for row in counts.select(["source", "tokens"]).to_pylist():
        taken[row["source"]] += row["tokens"]
    for source in sorted({key[1] for key in book.lines}):
        parts = {line: book.total("tokens", source, line, track) for line in ("packed", "left out")}
        book.check(f"tokens of the track {track}", source, taken[source], parts)


def _once(shard: np.ndarray, example: np.ndarray, start: np.ndarray, length: np.ndarray, track: str) -> None:
    """The pieces of every example follow one another without a gap and without an overlap, from its first token on."""
    order = np.lexsort((start, example, shard))
    shard, example, start, length = shard[order], example[order], start[order], length[order]
    same = np.r_[False, (shard[1:] == shard[:-1]) & (example[1:] == example[:-1])]
    expected = np.where(same, np.r_[0, start[:-1] + length[:-1]], 0)
    wrong = np.flatnonzero(start != expected)
    if len(wrong):
        at = wrong[0]
        raise UserError(
            f"the books of track {track} do not balance: token shard {shard[at]}, example {example[at]} "
            f"goes on at token {start[at]}, not {expected[at]}; please report it"
        )
