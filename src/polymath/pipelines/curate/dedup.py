"""Dedup: of records that say the same, keep the first in policy order and name it on the others.

Near-duplicates are found by MinHash (Broder 1997) in bands, verified by exact Jaccard of their shingle sets, without chains:
a record goes if and only if a record **that stays** is at least as similar as the threshold.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from pydantic import Field, model_validator

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.decisions import aligned, side_by_side
from polymath.pipelines.curate.order import PolicyOrder
from polymath.store.folder import ShardFolder
from polymath.store.rows import find_rows, pick_rows, read_sound
from polymath.store.shards import Shard
from polymath.tasks import TASKS
from polymath.text import buckets, minhash
from polymath.text.buffers import Strings, as_strings
from polymath.text.shingles import ShingleParams

VERSION, GROUPING_VERSION = 3, 4
PERMUTATIONS_SEED = 1  # datasketch's default, so that exported signatures compare with signatures made elsewhere
BATCH_BYTES = 32 * 2**20
"""Text of the candidates that one worker verifies at a time; a single group may be larger."""
TEXT = pa.schema([("text_hash", pa.uint64()), ("text", pa.large_string())])


class SketchConfig(Config):
    """What a record's signature is made of."""

    shingle_words: int = Field(5, ge=1)
    """Words per shingle; texts under `short_text_words` use `short_shingle_words`."""
    short_shingle_words: int = Field(3, ge=1)
    """Words per shingle of a short text."""
    short_text_words: int = Field(50, ge=0)
    """Texts of fewer words are short."""
    shingle_characters: int = Field(10, ge=2)
    """Characters per shingle in scripts without spaces between words."""
    bands: int = Field(21, ge=1)
    """Bands of the signature; one that agrees makes two records candidates. FineWeb: 14."""
    band_rows: int = Field(6, ge=1)
    """Permutations per band: more are stricter. FineWeb: 8."""
    permutations: int = Field(128, ge=1)
    """Length of a signature (affine32 scheme of datasketch 2)."""

    @model_validator(mode="after")
    def _bands_fit(self) -> "SketchConfig":
        if self.bands * self.band_rows > self.permutations:
            raise UserError(f"{self.bands} bands of {self.band_rows} rows need more than {self.permutations} permutations")
        return self

    @property
    def shingles(self) -> ShingleParams:
        """The same for the kernels."""
        return ShingleParams(self.shingle_words, self.short_shingle_words, self.short_text_words, self.shingle_characters)


class VerifyConfig(Config):
    """When a candidate is a duplicate."""

    threshold: float = Field(0.8, gt=0, le=1)
    """Exact Jaccard similarity of shingle sets at and above which a record repeats a kept one."""
    verified: bool = True
    """Off: every record that shares a band with an earlier one goes, unread (FineWeb's way, with 14 bands of 8)."""


class DedupConfig(Config):
    """The dials of dedup."""

    sketch: SketchConfig = SketchConfig()
    verify: VerifyConfig = VerifyConfig()


def sketch(records: ShardFolder, dedup: DedupConfig, engine: EngineConfig) -> Plan:
    """A signature per record, of its dedup text (`Task.dedup_text`), and its band keys."""
    items = tuple(Item(shard.name, (shard,), shard.rows) for shard in records.shards)
    config = dedup.sketch
    return Plan("dedup", sketch_shard, items, config, VERSION, engine=engine, inputs={"records": records.digest})


def sketch_shard(records: Shard, config: SketchConfig) -> pa.Table:
    """`text_hash`, `shingles`, `signature` and the band keys of one record shard."""
    strings = as_strings(dedup_texts(records))
    permutations = minhash.permutations(config.permutations, PERMUTATIONS_SEED)
    signatures, counts, _ = minhash.signatures(strings, config.shingles, permutations)
    keys = minhash.band_keys(signatures, config.bands, config.band_rows)
    flat = pa.array(signatures.reshape(-1))
    columns = {
        "text_hash": pa.array(_hashes(strings)),
        "shingles": pa.array(counts),
        "signature": pa.FixedSizeListArray.from_arrays(flat, config.permutations),
    }
    return pa.table(columns | {f"band_{number}": pa.array(row) for number, row in enumerate(keys)})


def dedup_texts(records: Shard, rows: Sequence[int] | None = None) -> pa.Array:
    """The dedup texts of a record shard, or of some of its rows (ascending), as large_string."""
    task = TASKS[records.entry.note["task"]]
    columns = task.identity
    return task.dedup_text(records.read(columns) if rows is None else records.take(rows, columns))


def _hashes(strings: Strings) -> np.ndarray:
    """xxh3-64 of each text: equal texts are copies, whatever their length. Empty texts have 0 and are no one's copy."""
    data, bounds = memoryview(strings.data.data), strings.offsets.tolist()
    pairs = itertools.pairwise(bounds)
    return np.array([xxhash.xxh3_64_intdigest(data[a:b]) if b > a else 0 for a, b in pairs], np.uint64)


def find_candidates(
    records: ShardFolder, signatures: ShardFolder, clean_decisions: ShardFolder, dedup: DedupConfig, engine: EngineConfig
) -> Plan:
    """Records that share a band, in groups; copies of one text stand for each other and are compared once."""
    aligned(records, signatures, clean_decisions)
    folders = {"records": records, "signatures": signatures, "clean_decisions": clean_decisions}
    item = Item("candidates", tuple(folders.values()), records.rows)
    inputs = {name: folder.digest for name, folder in folders.items()}
    return Plan("dedup", group_candidates, (item,), dedup.sketch, GROUPING_VERSION, streams=True, engine=engine, inputs=inputs)


def group_candidates(
    records: ShardFolder,
    signatures: ShardFolder,
    decisions: ShardFolder,
    config: SketchConfig,
    after: dict[str, Any] | None,
) -> Iterator[Piece]:
    """A piece per record shard: those of its rows that may repeat another record, or be repeated.

    `row` in the shard; its `place`; `first`, the place of the first record with the same text (its own, if it is that one);
    `group`, the place of the group's first record; `text_hash`; `batch`, the worker's share that the group belongs to, -1
    where all of the group say the same: then there is nothing to compare.
    Memory: about 80 bytes per record, one band at a time.
    """
    order = PolicyOrder.of(records)
    hashes = order.column(signatures, "text_hash")
    alive = np.flatnonzero(order.column(decisions, "kept") & (hashes != 0))
    first = np.arange(order.rows)
    first[alive] = buckets.first_of_each(hashes, alive)
    distinct = alive[first[alive] == alive]
    distinct = distinct[order.column(signatures, "shingles")[distinct] > 0]
    parents = np.arange(order.rows)
    for band in range(config.bands):
        buckets.unite_buckets(order.column(signatures, f"band_{band}"), distinct, parents)
    group = buckets.roots(parents)[first]
    shared = np.bincount(group[alive], minlength=order.rows)[group] > 1
    shared &= np.isin(np.arange(order.rows), alive)
    batch = _batches(group, np.flatnonzero(shared & (first == np.arange(order.rows))), records, order)
    for number, shard in list(enumerate(records.shards))[after["shard"] + 1 if after else 0 :]:
        start = order.starts[number]
        rows = np.flatnonzero(shared[start : start + shard.rows])
        columns = {
            name: pa.array(values[start + rows]) for name, values in (("first", first), ("group", group), ("text_hash", hashes))
        }
        table = pa.table(
            {"row": pa.array(rows), "place": pa.array(start + rows), **columns, "batch": pa.array(batch[start + rows])}
        )
        batches = int(batch.max(initial=0)) + 1
        yield Piece(table, {"shard": number, "batches": batches, "last": number == len(records.shards) - 1})


def _batches(group: np.ndarray, members: np.ndarray, records: ShardFolder, order: PolicyOrder) -> np.ndarray:
    """The batch of every record's group (int32, by place): whole groups, about `BATCH_BYTES` of text each; -1 for one text."""
    mean_bytes = max(records.bytes * 3 // max(records.rows, 1), 1)  # compressed bytes, and text compresses to a third
    texts = np.bincount(group[members], minlength=order.rows)
    compared = texts > 1
    sizes = np.where(compared, texts, 0) * mean_bytes
    return np.where(compared, np.cumsum(sizes) // BATCH_BYTES, -1).astype(np.int32)[group]


def gather_candidates(records: ShardFolder, candidates: ShardFolder, dedup: DedupConfig, engine: EngineConfig) -> Plan:
    """The texts of candidates only, sorted by batch: what verification reads, so that no other text is read again."""
    pairs = side_by_side(records, candidates, by_name=False) if dedup.verify.verified else []
    items = tuple(Item(record.name, (record, candidate), candidate.rows) for record, candidate in pairs)
    inputs = {"records": records.digest, "candidates": candidates.digest}
    return Plan("dedup", gather_texts, items, version=GROUPING_VERSION, reuses=True, engine=engine, inputs=inputs)


def gather_texts(records: Shard, candidates: Shard, previous: Sequence[Shard]) -> pa.Table:
    """`batch`, `group`, `place`, `text_hash`, `text` of one shard's candidates; copies of an earlier text are left out.

    A text that was gathered before, as its hash says, is copied: records are read again only for what is a candidate now.
    """
    table = candidates.read()
    compared = (table["first"].to_numpy() == table["place"].to_numpy()) & (table["batch"].to_numpy() >= 0)
    chosen = table.filter(pa.array(compared)).sort_by([("batch", "ascending"), ("place", "ascending")])
    earlier = (shard for shard in previous if shard.name == records.name)
    known = pa.concat_tables([TEXT.empty_table(), *read_sound(earlier, TEXT.names)])
    old = find_rows(known["text_hash"].to_numpy(), chosen["text_hash"].to_numpy())
    new = np.flatnonzero(old < 0)
    new = new[np.argsort(chosen["row"].to_numpy()[new])]
    text = dedup_texts(records, chosen["row"].to_numpy()[new].tolist()) if len(new) else pa.array([], pa.large_string())
    fresh = pa.Table.from_arrays([chosen["text_hash"].take(pa.array(new)), text], schema=TEXT)
    place = np.where(old >= 0, len(new) + old, -1)
    place[new] = np.arange(len(new))
    texts = pick_rows(pa.concat_tables([fresh, known]), place)
    return chosen.select(["batch", "group", "place", "text_hash"]).append_column("text", texts["text"])
