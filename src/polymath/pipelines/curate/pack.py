"""Pack: examples into sequences within a concept of a task, and the schedule of batches. Both are index tables over the ids."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.mixing import packing, schedule
from polymath.mixing.portfolio import correlation
from polymath.pipelines.curate.decisions import side_by_side
from polymath.pipelines.curate.tracks import MixConfig, TrackConfig
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS

VERSION = 3

PIECE = pa.struct([("shard", pa.int32()), ("example", pa.int32()), ("start", pa.int32()), ("length", pa.int32())])
SEQUENCE = pa.schema(
    [
        ("split", pa.dictionary(pa.int32(), pa.string())),
        ("part", pa.dictionary(pa.int32(), pa.string())),  # of the track, by its shares
        ("task", pa.dictionary(pa.int32(), pa.string())),
        ("concept", pa.int32()),
        ("tokens", pa.int32()),  # in use; the rest of the length is padding
        ("pieces", pa.list_(PIECE)),  # token shard, its row, first token, tokens: in reading order
    ]
)
LEFT_OUT = pa.schema([("shard", pa.int32()), ("example", pa.int32()), ("tokens", pa.int32()), ("reason", pa.string())])
SCHEDULE = pa.schema(
    [
        ("step", pa.int32()),
        ("slot", pa.int32()),
        ("sequence", pa.int64()),  # row of the track's sequences
        ("epoch", pa.int32()),  # how often the sequence was drawn before
    ]
)
LONGER_THAN_SEQUENCE = "longer_than_sequence"


@dataclass(frozen=True)
class Track:
    """A track by name, as an input of a plan."""

    name: str
    config: TrackConfig

    @property
    def digest(self) -> str:
        """All that it depends on."""
        return f"{self.name} {self.config.model_dump_json()}"


def pack_sequences(
    tokens: ShardFolder, token_counts: ShardFolder, record_concepts: ShardFolder, mix: MixConfig, engine: EngineConfig
) -> Plan:
    """For each track, its examples packed into sequences; those that are left out for their length are set aside."""
    side_by_side(tokens, record_concepts)
    folders = (tokens, token_counts, record_concepts)
    items = tuple(Item(name, (*folders, Track(name, _packing(track))), tokens.rows) for name, track in mix.wanted.items())
    inputs = {"tokens": tokens.digest, "record_concepts": record_concepts.digest}
    return Plan("pack", pack_track, items, version=VERSION, engine=engine, inputs=inputs)


def _packing(track: TrackConfig) -> TrackConfig:
    """The track without the dials that packing does not look at, so that other weights pack nothing again."""
    names = ("tasks", "sources", "tiers", "kind", "sequence_tokens", "long_examples")
    # Which parts there are, not how much of each is drawn.
    parts = {"shares": dict.fromkeys(track.shares, 1.0), "replay": 0.5 if track.replay else 0.0}
    return TrackConfig(**track.model_dump(include=set(names)), **parts)


def _ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value among the different ones, sorted: int64[n]. Far faster than sorting texts one by one."""
    coded = pa.array(values).dictionary_encode()
    rank = np.argsort(np.argsort(np.array(coded.dictionary.to_pylist())))
    return rank[coded.indices.to_numpy(zero_copy_only=False)] if len(values) else np.empty(0, np.int64)


@dataclass(frozen=True)
class _Examples:
    """The examples of a track, an entry each."""

    shard: np.ndarray
    example: np.ndarray
    tokens: np.ndarray
    split: np.ndarray
    part: np.ndarray
    task: np.ndarray
    concept: np.ndarray

    def at(self, rows: np.ndarray) -> "_Examples":
        return _Examples(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def pack_track(tokens: ShardFolder, counts: ShardFolder, concepts: ShardFolder, track: Track) -> Piece:
    """The sequences of one track (schema SEQUENCE), by split, part, task and concept; and what is left out (LEFT_OUT)."""
    examples = _examples_of(tokens, counts, concepts, track.config)
    capacity = track.config.sequence_tokens
    whole = np.array([TASKS[task].shape != "text" for task in examples.task], bool)
    long_ = (
        (examples.tokens > capacity) & whole & ((track.config.long_examples == "leave_out") | (track.config.kind == "pairs"))
    )
    left = examples.at(long_)
    examples = examples.at(~long_)
    stratum = np.zeros(len(examples.tokens), np.int64)
    for column in (examples.split, examples.part, examples.task, examples.concept):
        codes = _ranks(column)
        stratum = stratum * (codes.max(initial=0) + 1) + codes
    stratum = np.unique(stratum, return_inverse=True)[1]
    parts = [SEQUENCE.empty_table()]
    for number in range(int(stratum.max(initial=-1)) + 1):
        mine = examples.at(np.flatnonzero(stratum == number))
        parts.append(_pack_stratum(mine, capacity, one_each=track.config.kind != "packed"))
    aside = pa.table([left.shard, left.example, left.tokens, [LONGER_THAN_SEQUENCE] * len(left.shard)], names=LEFT_OUT.names)
    return Piece(pa.concat_tables(parts).unify_dictionaries(), {}, aside.cast(LEFT_OUT))


def _examples_of(tokens: ShardFolder, counts: ShardFolder, concepts: ShardFolder, config: TrackConfig) -> _Examples:
    """The examples that the track takes, of all shards."""
    tiers = {row["source"]: row["tier"] for row in counts.read(["source", "tier"]).to_pylist()}
    parts: list[list[np.ndarray]] = []
    for number, (shard, placed) in enumerate(zip(tokens.shards, concepts.shards, strict=True)):
        table = shard.read(["source", "task", "split", "record", "ids", "rejected_ids"])
        if not len(table):
            continue
        plain = {name: table[name].cast(pa.string()) for name in ("source", "task", "split")}
        tier = pa.array([tiers[shard.name.rpartition("-")[0]]] * len(table))
        kinds = pa.table({**plain, "tier": tier})
        some, kind = _kinds(kinds)
        rows, part = np.flatnonzero(config.takes(some)[kind]), config.parts_of(some)[kind]
        sizes = sum(_lengths(table[name]) for name in ("ids", "rejected_ids"))
        concept = placed.read(["concept"])["concept"].take(table["record"]).to_numpy()
        split, task = (plain[name].to_numpy() for name in ("split", "task"))
        columns = [np.full(len(table), number), np.arange(len(table)), sizes, split, part, task, concept]
        parts.append([np.asarray(column)[rows] for column in columns])
    empty = [np.empty(0, kind) for kind in (np.int64, np.int64, np.int64, object, object, object, np.int32)]
    return _Examples(*(np.concatenate(columns) for columns in zip(empty, *parts, strict=True)))


def _kinds(table: pa.Table) -> tuple[pa.Table, np.ndarray]:
    """A row of each source and task that there is, and for each row of the table, which one is like it: int64[n]."""
    source, task = _ranks(table["source"].to_numpy()), _ranks(table["task"].to_numpy())
    _, first, kind = np.unique(source * (task.max(initial=0) + 1) + task, return_index=True, return_inverse=True)
    return table.take(pa.array(first)), kind


def _lengths(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(pc.list_value_length(column), 0).to_numpy().astype(np.int64)


def _pack_stratum(examples: _Examples, capacity: int, one_each: bool) -> pa.Table:
    """The sequences of one concept of a task in one split."""
    if one_each:
        rows = np.arange(len(examples.tokens))
        packed = packing.Packed(rows, rows, np.zeros(len(rows), np.int64), examples.tokens)
    else:
        packed = packing.pack(examples.tokens.astype(np.int32), capacity)
    count = int(packed.sequence.max(initial=-1)) + 1
    columns = (examples.shard[packed.example], examples.example[packed.example], packed.start, packed.length)
    pieces = pa.StructArray.from_arrays([pa.array(column, pa.int32()) for column in columns], fields=list(PIECE))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(packed.sequence, minlength=count))])
    used = np.bincount(packed.sequence, packed.length, minlength=count)
    same: list[Any] = [[getattr(examples, name)[0]] * count for name in ("split", "part", "task")]
    same.append([int(examples.concept[0])] * count)
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pieces)
    return pa.table([*same, pa.array(used.astype(np.int32)), lists], names=SEQUENCE.names).cast(SEQUENCE)


def schedule_batches(
    sequences: ShardFolder, weights: ShardFolder, concepts: ShardFolder, mix: MixConfig, engine: EngineConfig
) -> Plan:
    """For each track, which sequence stands in which slot of which global batch; each stratified over parts and tasks."""
    mix.check_packed([shard.name for shard in sequences.shards])
    tracks = zip(sequences.shards, mix.wanted.items(), strict=True)
    items = tuple(Item(name, (shard, weights, concepts, Track(name, track)), shard.rows) for shard, (name, track) in tracks)
    inputs = {"sequences": sequences.digest, "weights": weights.digest, "concepts": concepts.digest}
    return Plan("pack", schedule_track, items, version=VERSION, engine=engine, inputs=inputs)


def schedule_track(sequences: Shard, weights: ShardFolder, concepts: ShardFolder, track: Track) -> Piece:
    """The schedule of one track (schema SCHEDULE), with a note of how well it keeps its promises."""
    table = sequences.read(["split", "part", "task", "concept", "tokens"])
    train = np.flatnonzero(table["split"].cast(pa.string()).to_numpy() == "train")
    strata = _drawn(table.take(pa.array(train)), weights.read(), track)
    batch = track.config.batch_sequences
    steps = int(sum(stratum.wanted for stratum in strata) // batch)
    if not steps:
        return Piece(SCHEDULE.empty_table(), {"steps": 0, "batch": batch})
    share = np.array([stratum.wanted for stratum in strata])
    draws = schedule.whole_draws(share / share.sum(), steps * batch)
    strata = [stratum for stratum, count in zip(strata, draws, strict=True) if count]
    draws = draws[draws > 0]
    tasks = sorted({(stratum.part, stratum.task) for stratum in strata})
    owner = np.array([tasks.index((stratum.part, stratum.task)) for stratum in strata], np.int32)
    likeness = _likeness([stratum.concept for stratum in strata], concepts.read())
    related = (likeness > 0).astype(np.uint8)
    by_slot = schedule.schedule_tasks(np.bincount(owner, draws).astype(np.int64))
    chosen = schedule.schedule_strata(by_slot, schedule.Strata(owner, draws, related), batch, track.config.correlated_share)
    sequence, epoch = np.empty(len(chosen), np.int64), np.empty(len(chosen), np.int64)
    for number, stratum in enumerate(strata):
        slots = np.flatnonzero(chosen == number)
        order, epochs = schedule.draw_order(len(stratum.rows), len(slots), (track.config.seed, number))
        sequence[slots], epoch[slots] = train[stratum.rows[order]], epochs
    slots = np.arange(len(chosen))
    made = pa.table([slots // batch, slots % batch, sequence, epoch], names=SCHEDULE.names).cast(SCHEDULE)
    over = int(sum(stratum.over for stratum in strata))
    return Piece(made, {**_promises(track, chosen, by_slot, owner, draws, likeness, steps), "over_cap": over})


@dataclass(frozen=True)
class _Drawn:
    """A stratum that is drawn: its sequences, and how many are wanted."""

    part: str
    task: str
    concept: int
    rows: np.ndarray
    wanted: float
    over: float
    """Sequences that the epoch cap leaves undrawn: the tokens of what is too long for a sequence were weighed too."""


def _drawn(train: pa.Table, weights: pa.Table, track: Track) -> list[_Drawn]:
    """The strata with a weight, sorted by part, task and concept; wanted tokens become sequences at the stratum's own fill."""
    part, task = (train[name].cast(pa.string()).to_numpy() for name in ("part", "task"))
    concept = train["concept"].to_numpy()
    tokens = train["tokens"].to_numpy()
    found = []
    for row in weights.to_pylist():
        if row["track"] != track.name:
            continue
        rows = np.flatnonzero((part == row["part"]) & (task == row["task"]) & (concept == row["concept"]))
        if len(rows) and row["drawn"] > 0:
            asked, most = row["drawn"] / tokens[rows].mean(), track.config.max_epochs * len(rows)
            over = max(asked - most, 0.0)
            found.append(_Drawn(row["part"], row["task"], row["concept"], rows, asked - over, over))
    return sorted(found, key=lambda stratum: (stratum.part, stratum.task, stratum.concept))


def _likeness(concept: list[int], concepts: pa.Table) -> np.ndarray:
    """Correlation of the strata's subjects, float64[n, n], measured from what all of the track have in common."""
    rows = {row["concept"]: row["centroid"] for row in concepts.to_pylist()}
    if not rows or len(concept) < 2:
        return np.eye(len(concept))
    dimensions = len(next(iter(rows.values())))
    centroids = np.array([rows.get(number, [0.0] * dimensions) for number in concept])
    return correlation(centroids - centroids.mean(axis=0)).round(6)


def _promises(
    track: Track,
    chosen: np.ndarray,
    by_slot: np.ndarray,
    owner: np.ndarray,
    draws: np.ndarray,
    likeness: np.ndarray,
    steps: int,
) -> dict[str, Any]:
    """What the schedule keeps: distances from the quotas, and how correlated its batches are against chance."""
    batch = track.config.batch_sequences
    related = (likeness > 0).astype(np.uint8)
    chance = chosen.copy()
    rng = np.random.default_rng((track.config.seed, 1))
    worst = 0.0
    for task in range(int(owner.max()) + 1):
        slots = np.flatnonzero(by_slot == task)
        chance[slots] = rng.permutation(chosen[slots])
        mine = np.flatnonzero(owner == task)
        worst = max(worst, schedule.deviation(chosen[slots] - mine[0], draws[mine]))
    return {
        "steps": steps,
        "batch": batch,
        "sequence_tokens": track.config.sequence_tokens,
        "task_deviation": round(schedule.deviation(by_slot, np.bincount(owner, draws).astype(np.int64)), 4),
        "concept_deviation": round(worst, 4),
        "correlated_share": round(schedule.correlated_pairs(chosen, related, batch), 4),
        "correlated_share_by_chance": round(schedule.correlated_pairs(chance, related, batch), 4),
        "mean_correlation": round(schedule.mean_correlation(chosen, likeness, batch), 4),
        "mean_correlation_by_chance": round(schedule.mean_correlation(chance, likeness, batch), 4),
    }
