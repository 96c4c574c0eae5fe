"""Overlaps: which benchmark items share an n-gram with the training mix, whatever was looked for when it was curated."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.records import TEXT_FIELDS
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks.task import whole_text
from polymath.text.buffers import as_strings
from polymath.text.ngrams import NgramIndex, build_index, matches

VERSION = 1

BENCHMARK_OVERLAP = pa.schema(
    [
        ("item", pa.string()),  # the item's text
        ("record", pa.string()),  # a record of the training mix that has words of it
        ("covered", pa.float32()),  # share of the item's words that the record has in n-grams of it
    ]
)


class GramConfig(Config):
    """How long a stretch counts."""

    words: int


def find_overlaps(
    benchmark_items_scored: ShardFolder,
    mixed_records: ShardFolder | None,
    mixed_split: ShardFolder | None,
    evaluate: EvaluateConfig,
    engine: EngineConfig,
) -> Plan:
    """Items that share `overlap_words` words in a row with a record that is trained on; nothing where there is no mix here."""
    inputs = {"benchmark_items_scored": benchmark_items_scored.digest}
    items = []
    if mixed_records is not None and mixed_split is not None and benchmark_items_scored.rows:
        inputs |= {"records": mixed_records.digest, "split": mixed_split.digest}
        pairs = zip(mixed_records.shards, mixed_split.shards, strict=True)
        items = [Item(records.name, (records, split, benchmark_items_scored), records.rows) for records, split in pairs]
    config = GramConfig(words=evaluate.overlap_words)
    return Plan("harness", overlaps_of_shard, tuple(items), config, VERSION, engine=engine, inputs=inputs)


def overlaps_of_shard(records: Shard, split: Shard, scored: ShardFolder, config: GramConfig) -> pa.Table:
    """A row for each item and each record of the split `train` that holds one of its n-grams (schema BENCHMARK_OVERLAP)."""
    state = split.read(["kept", "split"])
    trained = pc.and_(state["kept"], pc.fill_null(pc.equal(state["split"].cast(pa.string()), "train"), False))
    rows = np.flatnonzero(trained.to_numpy())
    table = records.take(rows.tolist(), ["id", *TEXT_FIELDS])
    index, items = _index(scored.path, scored.digest, config.words)
    row, item, covered, _, _ = matches(index, as_strings(whole_text(table)))
    columns = [items.take(pa.array(item)), table["id"].combine_chunks().take(pa.array(row)), pa.array(covered, pa.float32())]
    return pa.Table.from_arrays(columns, schema=BENCHMARK_OVERLAP)


@functools.lru_cache(maxsize=1)
def _index(path: Path, digest: str, words: int) -> tuple[NgramIndex, pa.Array]:
    """The index over the distinct texts of all items, once per process. Items with fewer words share no n-gram at all."""
    texts = pc.drop_null(ShardFolder.open(path).read(["item"])["item"]).unique().sort()
    return build_index(as_strings(texts), words, words), texts
