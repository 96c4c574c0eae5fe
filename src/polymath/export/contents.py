"""What an export holds: the examples of a track, shard by shard, each with its facts and with how often the mix draws it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from polymath.datasets.finished import finished_folders, stale_folders
from polymath.errors import UserError, unknown
from polymath.pipelines.curate.counts import token_sizes
from polymath.pipelines.curate.tracks import TrackConfig
from polymath.sources.library import Source
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS

if TYPE_CHECKING:
    from polymath.project import Project

SPLITS = ("train", "validation", "test")
NEEDED = (
    "records", "text_signals", "record_concepts", "examples", "tokenizer", "tokens", "token_counts", "weights", "sequences",
    "schedule", "fates", "books", "benchmark_items",
)  # fmt: skip
"""Datasets that an export reads."""
FACTS = pa.schema(
    [
        ("id", pa.string()),  # <source>/<number>#<recipe>: `kedro trace` tells its story
        ("source", pa.string()),
        ("task", pa.string()),
        ("recipe", pa.string()),
        ("tier", pa.string()),
        ("licence", pa.string()),  # of its source
        ("language", pa.string()),
        ("concept", pa.int32()),
        ("tokens", pa.int32()),
        ("loss_tokens", pa.int32()),
        ("epochs", pa.float64()),  # how often the mix draws it in training; null outside training
    ]
)
EPOCH = pa.field("epoch", pa.int32())
"""Added where examples are repeated: which of its copies a row is, from 0."""


@dataclass(frozen=True)
class Part:
    """Some examples of one shard and one split, in the shard's order."""

    split: str
    facts: pa.Table
    """Schema FACTS, and EPOCH where examples are repeated."""
    tokens: Shard
    examples: Shard
    rows: np.ndarray
    """int64: their rows in the token shard."""

    def texts(self, columns: Sequence[str]) -> pa.Table:
        """Columns of the composed examples, row for row with the facts."""
        table = self.examples.read(["id", *columns])
        places = pc.index_in(self.facts["id"].combine_chunks(), value_set=table["id"].combine_chunks())
        return table.select(list(columns)).take(places).combine_chunks()

    def ids(self, columns: Sequence[str]) -> pa.Table:
        """Columns of the token shard, row for row with the facts."""
        return self.tokens.read(columns).take(pa.array(self.rows)).combine_chunks()


@dataclass(frozen=True)
class Contents:
    """A track of a finished run."""

    track: str
    config: TrackConfig
    folders: Mapping[str, ShardFolder]
    sources: Mapping[str, Source]
    """Those of the run, by name."""
    repeated: bool
    """Training examples stand there as often as the mix draws them; else once."""

    @classmethod
    def of(cls, project: "Project", track: str, repeated: bool) -> "Contents":
        """The track of the project; a UserError where there is none, or where the run that made it was cut short."""
        folders = {name: project.load(name) for name in NEEDED}
        stale = sorted(stale_folders(finished_folders(project.catalog)) & set(NEEDED))
        if stale:
            raise UserError(f"{stale[0]} was made from other data than stands there now; run: kedro run --pipeline=curate")
        tracks = project.parameters("mix").wanted
        known = [shard.name for shard in folders["schedule"].shards if shard.name in tracks]
        if track not in known:
            raise unknown("--track", track, "track of this run", known)
        library = project.parameters("sources").root
        used = dict.fromkeys(shard.entry.note["source"] for shard in folders["records"].shards)
        for name in used:
            if name not in library:
                raise UserError(f"the run read {name!r}, which is no source of this environment; name the run's with --env")
        return cls(track, tracks[track], folders, {name: library[name] for name in used}, repeated)

    @cached_property
    def counts(self) -> pa.Table:
        """Examples and tokens by source, task, recipe and split, of this track alone."""
        counts = self.folders["token_counts"].read()
        return counts.filter(pa.array(self.config.takes(counts))) if len(counts) else counts

    @cached_property
    def shapes(self) -> set[str]:
        """Of its tasks' examples: `text`, `turns` or `pair`."""
        return {TASKS[task].shape for task in pc.unique(self.counts["task"]).to_pylist()}

    @cached_property
    def weights(self) -> list[dict[str, Any]]:
        """The mix's rows of this track, one for each concept of a task."""
        return [row for row in self.folders["weights"].read().to_pylist() if row["track"] == self.track]

    @cached_property
    def schema(self) -> pa.Schema:
        """What is said of every example."""
        return FACTS.append(EPOCH) if self.repeated else FACTS

    def parts(self) -> Iterator[Part]:
        """All examples, one shard in memory at a time. Repeated ones come epoch by epoch: every copy 0, then every copy 1."""
        most = max((row["epochs"] for row in self.weights), default=1.0) if self.repeated else 1.0
        for epoch in range(max(int(np.ceil(most)), 1)):
            for number in range(len(self.folders["tokens"].shards)):
                yield from self._shard(number, epoch)

    def _shard(self, number: int, epoch: int) -> Iterator[Part]:
        names = ("tokens", "examples", "records", "text_signals", "record_concepts")
        tokens, examples, records, signals, concepts = (self.folders[name].shards[number] for name in names)
        mine = self._mine(tokens, records)
        if not len(mine):
            return
        columns = ["id", "source", "task", "recipe", "split", "record", "ids", "loss", "rejected_ids", "rejected_loss"]
        table = tokens.read(columns).take(pa.array(mine)).combine_chunks()
        language = signals.read(["language"])["language"].take(table["record"])
        concept = concepts.read(["concept"])["concept"].take(table["record"])
        facts = self._facts(table, records, language, concept)
        split = table["split"].cast(pa.string()).to_numpy()
        copies = self._copies(facts) if self.repeated else np.ones(len(mine), np.int64)
        if self.repeated:
            facts = facts.append_column(EPOCH, pa.array(np.full(len(mine), epoch), pa.int32()))
        for name in SPLITS:
            rows = np.flatnonzero((split == name) & (copies > epoch))
            if len(rows):
                yield Part(name, facts.take(pa.array(rows)), tokens, examples, mine[rows])

    def _mine(self, tokens: Shard, records: Shard) -> np.ndarray:
        """Rows of the token shard that belong to the track."""
        if not tokens.rows:
            return np.empty(0, np.int64)
        table = tokens.read(["source", "task"])
        plain = {name: table[name].cast(pa.string()) for name in ("source", "task")}
        tier = pa.array([records.entry.note["tier"]] * len(table))
        return np.flatnonzero(self.config.takes(pa.table({**plain, "tier": tier})))

    def _facts(self, table: pa.Table, records: Shard, language: pa.ChunkedArray, concept: pa.ChunkedArray) -> pa.Table:
        source = self.sources[records.entry.note["source"]]
        sizes = token_sizes(table)
        epochs = {(row["part"], row["task"], row["concept"]): row["epochs"] for row in self.weights}
        train = pc.equal(table["split"].cast(pa.string()), "train").to_pylist()
        tier = pa.array([records.entry.note["tier"]] * len(table), pa.string())
        kinds = pa.table({"source": table["source"].cast(pa.string()), "task": table["task"].cast(pa.string()), "tier": tier})
        part = self.config.parts_of(kinds).tolist()
        keys = zip(part, table["task"].to_pylist(), concept.to_pylist(), strict=True)
        columns: dict[str, Any] = {name: table[name].cast(pa.string()) for name in ("id", "source", "task", "recipe")}
        same = {"tier": records.entry.note["tier"], "licence": source.licence}
        columns |= {name: pa.array([value] * len(table), pa.string()) for name, value in same.items()}
        columns |= {"language": language, "concept": concept, **{name: pa.array(values) for name, values in sizes.items()}}
        seen = [epochs.get(key, 0.0) if mine else None for mine, key in zip(train, keys, strict=True)]
        columns["epochs"] = pa.array(seen, pa.float64())
        return pa.table([columns[name].cast(FACTS.field(name).type) for name in FACTS.names], schema=FACTS)

    def _copies(self, facts: pa.Table) -> np.ndarray:
        """How often each example stands there, int64: 2.3 epochs are two copies, and a third where a hash says so."""
        epochs = pc.fill_null(facts["epochs"], 1.0).to_numpy()
        luck = np.array([xxhash.xxh3_64_intdigest(f"epochs {name}".encode()) for name in facts["id"].to_pylist()], np.uint64)
        whole = np.floor(epochs)
        return (whole + ((luck >> np.uint64(11)).astype(np.float64) / 2**53 < epochs - whole)).astype(np.int64)
