"""Relevance: how much a record is like the records of its task, so that strays of a source can be told (cosine of TF-IDF)."""

import functools
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.signals import judged_text
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS
from polymath.text import projection
from polymath.text.buffers import as_strings

VERSION = 1
FIELDS = ("task", *sorted({task.judged for task in TASKS.values()}))
PROFILE = pa.schema([("task", pa.string()), ("weights", pa.list_(pa.float32())), ("profile", pa.list_(pa.float32()))])


class RelevanceConfig(Config):
    """Whether and how relevance is measured. It is off by default: it judges by words, and novelty looks like a stray."""

    measured: bool = False
    buckets: int = Field(2**15, ge=2**8)
    """Words are hashed into this many buckets, a power of two."""
    max_words: int = Field(256, ge=16)
    """Words of a record that are looked at."""
    sample: int = Field(2000, ge=50)
    """Records of each task that make its profile, spread evenly over its shards."""


def fit_profiles(records: ShardFolder, relevance: RelevanceConfig, engine: EngineConfig) -> Plan:
    """The mean TF-IDF vector of a sample of each task's records; fitted once, then kept."""
    rows: Counter[str] = Counter()
    for shard in records.shards:
        rows[shard.entry.note["source"]] += shard.rows
    items = (Item("profiles", (records,), records.rows),) if relevance.measured else ()
    return Plan("clean", fit_profiles_on, items, relevance, VERSION, fitted_on=dict(rows), engine=engine)


def fit_profiles_on(records: ShardFolder, config: RelevanceConfig) -> pa.Table:
    """Profiles (schema PROFILE) of the tasks that the sources declare."""
    by_task: dict[str, list[Shard]] = {}
    for shard in records.shards:
        if shard.rows:  # a source that is refused has none
            by_task.setdefault(shard.entry.note["task"], []).append(shard)
    rows = []
    for task, shards in sorted(by_task.items()):
        each = max(config.sample // len(shards), 1)
        texts = [judged_text(s.take(_spread(s.rows, each), FIELDS)).cast(pa.large_string()) for s in shards]
        starts, buckets, counts = _counts(pa.concat_arrays(texts), config)
        frequency = projection.document_frequency(buckets, config.buckets)
        weights = projection.inverse_frequency(frequency, len(starts) - 1)
        profile: np.ndarray = np.bincount(buckets, counts * weights[buckets], minlength=config.buckets)
        profile = profile / max(float(np.linalg.norm(profile)), 1e-9)
        rows.append({"task": task, "weights": weights, "profile": profile.astype(np.float32).round(6)})
    return pa.Table.from_pylist(rows, schema=PROFILE)


def measure_relevance(
    records: ShardFolder, task_profiles: ShardFolder, relevance: RelevanceConfig, engine: EngineConfig
) -> Plan:
    """Each record's cosine with its task's profile; nothing when relevance is not measured."""
    shards = records.shards if relevance.measured else ()
    items = tuple(Item(shard.name, (shard, task_profiles), shard.rows) for shard in shards)
    inputs = {"records": records.digest, "task_profiles": task_profiles.digest}
    return Plan("clean", measure_shard, items, relevance, VERSION, engine=engine, inputs=inputs)


def measure_shard(records: Shard, profiles: ShardFolder, config: RelevanceConfig) -> pa.Table:
    """`relevance`, float32 in 0..1, row for row."""
    if not records.rows:
        return pa.table({"relevance": pa.array([], pa.float32())})
    table = records.read(FIELDS)
    weights, profile = _profiles(profiles.path, profiles.digest)[records.entry.note["task"]]
    starts, buckets, counts = _counts(judged_text(table), config)
    weighed = counts * weights[buckets]
    rows = np.repeat(np.arange(len(table)), np.diff(starts))
    likeness = np.bincount(rows, weighed * profile[buckets], minlength=len(table))
    length = np.sqrt(np.bincount(rows, weighed**2, minlength=len(table)))
    return pa.table({"relevance": pa.array((likeness / np.maximum(length, 1e-9)).round(4).astype(np.float32))})


def _counts(texts: pa.Array, config: RelevanceConfig) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return projection.hashed_counts(as_strings(pc.fill_null(texts, "")), config.buckets, config.max_words)


def _spread(rows: int, wanted: int) -> list[int]:
    return sorted(set(np.linspace(0, rows - 1, min(rows, wanted)).astype(int).tolist()))


@functools.lru_cache(maxsize=1)
def _profiles(path: Path, digest: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rows = ShardFolder.open(path).read().to_pylist()
    return {row["task"]: (np.array(row["weights"], np.float32), np.array(row["profile"], np.float32)) for row in rows}
