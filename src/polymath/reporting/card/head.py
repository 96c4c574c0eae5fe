"""Parts 1 and 2: what became of what, in one sentence and four figures; and whether the books balance."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.pipelines.curate.decontaminate import LEAK
from polymath.pipelines.curate.tracks import TrackConfig
from polymath.pipelines.curate.verify import COPY, NEAR_DUPLICATE
from polymath.store.digest import digest_strings
from polymath.store.folder import ShardFolder

Lines = list[dict[str, Any]]
"""Rows of a small table."""


@dataclass(frozen=True)
class Totals:
    """The whole run in a few numbers."""

    sources: int
    rows: int
    """As the sources' files hold them."""
    records: int
    kept: int
    copies: int
    near_duplicates: int
    leaks: int
    """Records removed because they hold a benchmark's item."""
    tasks: int
    tokens: int
    """That stand ready for training."""
    trained: int
    """Those of them that a loss is computed on."""
    moved: int
    generated: int
    balanced: bool


def totals(books: Lines, token_counts: Lines) -> Totals:
    """Add up the ledgers of all sources."""
    lines = [line for line in books if line["track"] is None]
    added: Counter[tuple[str, str]] = Counter()
    for line in lines:
        added[line["ledger"], line["line"]] += line["count"]
    train = [row for row in token_counts if row["split"] == "train"]
    moved = sum(count for (ledger, name), count in added.items() if ledger == "labels" and name.startswith("moved"))
    return Totals(
        sources=len({line["source"] for line in lines if line["ledger"] == "rows"}),
        rows=added["rows", "read"],
        records=added["records", "made"],
        kept=added["records", "kept"],
        copies=added["records", COPY],
        near_duplicates=added["records", NEAR_DUPLICATE],
        leaks=added["records", LEAK],
        tasks=len({row["task"] for row in train}),
        tokens=sum(row["tokens"] for row in train),
        trained=sum(row["loss_tokens"] for row in train),
        moved=moved,
        generated=added["labels", "generated"],
        balanced=balance(lines),
    )


def balance(books: Lines) -> bool:
    """Whether rows and records add up for every source: the books are balanced when they are made, and here once more."""
    sums: Counter[tuple[str, str]] = Counter()
    for line in books:
        whole = {"rows": "read", "records": "made"}.get(line["ledger"])
        if whole:
            sums[line["ledger"], line["source"]] += line["count"] if line["line"] == whole else -line["count"]
    return not any(sums.values())


@dataclass(frozen=True)
class Packed:
    """How full the sequences of one track are."""

    track: str
    kind: str
    sequences: int
    tokens: int
    room: int
    """Tokens that would fit."""
    left_out: int
    """Examples that are longer than a sequence."""


def packed(sequences: ShardFolder, tracks: dict[str, TrackConfig]) -> list[Packed]:
    """Sequences of each track, whatever their split."""
    found = []
    for shard in sequences.shards:
        track = tracks[shard.name]
        used = int(pc.sum(shard.read(["tokens"])["tokens"]).as_py() or 0)
        left = len(shard.read_aside()) if shard.entry.aside else 0
        found.append(Packed(shard.name, track.kind, shard.rows, used, shard.rows * track.sequence_tokens, left))
    return found


@dataclass(frozen=True)
class Checked:
    """What was looked for in the records, and found."""

    benchmarks: int
    """Benchmarks that were read."""
    absent: tuple[str, ...]
    """Benchmarks that could not be read."""
    items: int
    leaked: int
    """Items that stand in a record."""


def checked(benchmark_items: ShardFolder, leak_matches: ShardFolder, min_coverage: float) -> Checked:
    """Items of the benchmarks, and how many of them a record holds."""
    leaked: set[tuple[str, str]] = set()
    for table in leak_matches.tables(["benchmark", "item", "covered"]):
        found = table.filter(pa.array(table["covered"].to_numpy() >= max(np.float32(min_coverage), 1e-9)))
        leaked |= set(zip(found["benchmark"].to_pylist(), found["item"].to_pylist(), strict=True))
    absent = tuple(shard.name for shard in benchmark_items.shards if not shard.rows)
    return Checked(len(benchmark_items.shards) - len(absent), absent, benchmark_items.rows, len(leaked))


def mix_digest(folders: list[ShardFolder]) -> str:
    """One digest of what training reads: two runs with the same one train on the same tokens in the same order."""
    return digest_strings(folder.digest for folder in folders)
