"""Verification of candidate groups by exact Jaccard, and the decisions that follow (the second half of dedup)."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.decisions import aligned, decide, side_by_side
from polymath.pipelines.curate.dedup import DedupConfig, SketchConfig, VerifyConfig
from polymath.pipelines.curate.order import Ordered, PolicyOrder
from polymath.store.folder import ShardFolder
from polymath.store.rows import read_sound
from polymath.store.shards import Shard
from polymath.text import jaccard
from polymath.text.buffers import as_strings
from polymath.text.shingles import shingle_sets

VERSION = 1
COPY, NEAR_DUPLICATE = "copy", "near_duplicate"

VERIFIED = pa.schema(
    [
        ("place", pa.int64()),  # of the record
        ("keeper", pa.int64()),  # place of the most similar kept record of its group; -1 when it stays
        ("similarity", pa.float32()),  # exact Jaccard with the keeper; 0 when it stays
        ("group", pa.uint64()),  # digest of the group's texts in order: a group that is the same again is not compared again
        ("member", pa.int32()),  # the record's number in its group, and
        ("keeper_member", pa.int32()),  # its keeper's
    ]
)


@dataclass(frozen=True)
class Batch:
    """One batch of candidates, as an input of a plan."""

    number: int
    digest: str


class CompareConfig(Config):
    """What decides whether two candidates are duplicates."""

    threshold: float
    sketch: SketchConfig


def verify_candidates(candidates: ShardFolder, candidate_texts: ShardFolder, dedup: DedupConfig, engine: EngineConfig) -> Plan:
    """In each group, in policy order: a record goes if and only if a kept one is similar enough; its best keeper is named."""
    batches = candidates.shards[-1].entry.note["batches"] if candidate_texts.shards else 0
    items = tuple(Item(f"batch-{n:05d}", (candidate_texts, Batch(n, str(n))), 1) for n in range(batches))
    config = CompareConfig(threshold=dedup.verify.threshold, sketch=dedup.sketch)
    inputs = {"candidate_texts": candidate_texts.digest}
    return Plan("dedup", verify_batch, items, config, VERSION, reuses=True, engine=engine, inputs=inputs)


def verify_batch(texts: ShardFolder, batch: Batch, config: CompareConfig, previous: Sequence[Shard]) -> pa.Table:
    """The keeper of every candidate of a batch (schema VERIFIED); groups that were verified before are looked up."""
    table = pa.concat_tables([_of_batch(shard, batch.number) for shard in texts.shards])
    table = table.sort_by([("group", "ascending"), ("place", "ascending")])
    bounds = _bounds(table["group"].to_numpy())
    known = _known(previous)
    hashes = table["text_hash"].to_numpy()
    digests = np.array([xxhash.xxh3_64_intdigest(hashes[a:b]) for a, b in itertools.pairwise(bounds.tolist())], np.uint64)
    fresh = np.array([digest not in known for digest in digests.tolist()], bool)
    member, similarity = np.full(len(table), -1, np.int64), np.zeros(len(table), np.float32)
    rows = np.repeat(fresh, np.diff(bounds))
    member[rows], similarity[rows] = _compare(table, rows, np.diff(bounds)[fresh], config)
    for group in np.flatnonzero(~fresh).tolist():
        mine = slice(bounds[group], bounds[group + 1])
        member[mine], similarity[mine] = known[int(digests[group])]
    return _verified_table(table["place"].to_numpy(), bounds, member, similarity, digests)


Result = tuple[np.ndarray, np.ndarray]


def _of_batch(shard: Shard, number: int) -> pa.Table:
    """The rows of one batch; they are neighbours, so the rest of the memory-mapped file is not touched."""
    table = shard.read()
    batch = table["batch"].to_numpy()
    first, last = np.searchsorted(batch, [number, number + 1])
    return table.slice(first, last - first)


def _bounds(group: np.ndarray) -> np.ndarray:
    """Where each run of equal numbers begins, and at the end how many there are: int64[runs + 1]."""
    return np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1], [True]])) if len(group) else np.zeros(1, np.int64)


def _known(previous: Sequence[Shard]) -> dict[int, Result]:
    """Results of earlier runs by the digest of their group."""
    found: dict[int, Result] = {}
    for table in read_sound(previous, ["group", "member", "keeper_member", "similarity"]):
        group = table["group"].to_numpy()
        keeper, similarity = table["keeper_member"].to_numpy(), table["similarity"].to_numpy()
        found |= {int(group[a]): (keeper[a:b], similarity[a:b]) for a, b in itertools.pairwise(_bounds(group).tolist())}
    return found


def _compare(table: pa.Table, chosen: np.ndarray, sizes: np.ndarray, config: CompareConfig) -> Result:
    """For the chosen rows, in groups of these sizes: their keeper's number in its group (-1: none), and the similarity."""
    bounds = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    hashes, offsets = shingle_sets(as_strings(table["text"]), np.flatnonzero(chosen), config.sketch.shingles)
    keeper, similarity = jaccard.first_kept(hashes, offsets, config.threshold, bounds)
    return np.where(keeper >= 0, keeper - np.repeat(bounds[:-1], sizes), -1), similarity.astype(np.float32)


def _verified_table(
    place: np.ndarray, bounds: np.ndarray, keeper: np.ndarray, similarity: np.ndarray, digests: np.ndarray
) -> pa.Table:
    sizes = np.diff(bounds)
    first = np.repeat(bounds[:-1], sizes)
    places = np.where(keeper >= 0, place[np.maximum(first + keeper, 0)], -1)
    columns = [place, places, similarity, np.repeat(digests, sizes)]
    members = [(np.arange(len(place)) - first).astype(np.int32), keeper.astype(np.int32)]
    return pa.Table.from_arrays([pa.array(column) for column in columns + members], schema=VERIFIED)


def drop_near_duplicates(
    records: ShardFolder,
    clean_decisions: ShardFolder,
    candidates: ShardFolder,
    duplicates: ShardFolder,
    dedup: DedupConfig,
    engine: EngineConfig,
) -> Plan:
    """Remove copies and near-duplicates; each names the kept record that it repeats, and how similar they are."""
    aligned(records, clean_decisions)
    order = PolicyOrder.of(records)
    pairs = side_by_side(clean_decisions, candidates, by_name=False)
    items = tuple(Item(d.name, (d, c, duplicates, Ordered(order, n)), d.rows) for n, (d, c) in enumerate(pairs))
    inputs = {"clean_decisions": clean_decisions.digest, "candidates": candidates.digest, "duplicates": duplicates.digest}
    return Plan("dedup", drop_in_shard, items, dedup.verify, VERSION, engine=engine, inputs=inputs)


def drop_in_shard(
    decisions: Shard, candidates: Shard, duplicates: ShardFolder, ordered: Ordered, config: VerifyConfig
) -> pa.Table:
    """The decisions of one shard after dedup, with `duplicate_of` (a record id) and `similarity`."""
    before = decisions.read(["kept", "reason", "task"])
    table = candidates.read(["row", "place", "first", "group"])
    place, first, group = (table[name].to_numpy() for name in ("place", "first", "group"))
    if config.verified:
        keeper, similarity = _keepers(duplicates, first)
    else:
        keeper, similarity = np.where(group == first, -1, group), np.full(len(place), np.nan)
    # A copy goes with its first: it repeats the first one's keeper, or the first itself when that stays.
    copied = (first != place) & (keeper < 0)
    keeper, similarity = np.where(copied, first, keeper), np.where(copied, 1.0, similarity)
    gone = keeper >= 0
    rows = table["row"].to_numpy()[gone]
    copies, near = np.zeros(len(before), bool), np.zeros(len(before), bool)
    copies[rows], near[rows] = copied[gone], ~copied[gone]
    names = pa.array(ordered.order.ids(keeper[gone]), pa.string())
    return decide(
        before,
        {COPY: copies, NEAR_DUPLICATE: near},
        duplicate_of=_scattered(len(before), rows, names),
        similarity=_scattered(len(before), rows, pa.array(similarity[gone], pa.float32(), from_pandas=True)),
    )


def _keepers(duplicates: ShardFolder, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keeper (a place, or -1) and similarity of each place that was verified; -1 for one that had no one to compare with."""
    known, keeper, similarity = _verified(duplicates.path, duplicates.digest)
    if not len(known):
        return np.full(len(places), -1), np.zeros(len(places))
    at = np.minimum(np.searchsorted(known, places), len(known) - 1)
    found = known[at] == places
    return np.where(found, keeper[at], -1), np.where(found, similarity[at], 0.0)


@functools.lru_cache(maxsize=1)
def _verified(path: Path, digest: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All verified places in order, with their keepers; kept in memory, because every shard of a worker looks here."""
    table = ShardFolder.open(path).read(["place", "keeper", "similarity"]).sort_by("place")
    return table["place"].to_numpy(), table["keeper"].to_numpy(), table["similarity"].to_numpy()


def _scattered(size: int, rows: np.ndarray, values: pa.Array) -> pa.Array:
    """`values` at `rows`, null elsewhere."""
    places = np.full(size, -1)
    places[rows] = np.arange(len(rows))
    return values.take(pa.array(places, mask=places < 0))
