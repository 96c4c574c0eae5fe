"""Ingest: one entry per source in, numbered records out; rows that cannot be read are set aside with their reason."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from pydantic import Field

from polymath.config import SPLIT, Config, Words
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.pipelines.curate.early import check_early
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.curate.suite import DecontaminateConfig
from polymath.pipelines.libraries import Sources
from polymath.records import QUARANTINED, RECORD
from polymath.registry import Registry
from polymath.sources.benchmarks import Benchmarks, refusal
from polymath.sources.build import LEFT_OUT, Adapter, Counts, RecordBuilder, WholeAdapter, quarantined_table
from polymath.sources.clean_text import NormalizeConfig, clean_fields
from polymath.sources.library import LicencePolicy, Source, choose, licensed
from polymath.sources.rows import BEGINNING, BadRow, Batch, Place
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 2


class RunConfig(Config):
    """Which sources a run uses, and where their files are."""

    sources: Words = Field(min_length=1)
    """Names, globs (`python_*`), selectors (`tier:high`, `task:chat&licence:mit`) or `all`; their order is the source order."""
    files_root: Path = Path("data/01_raw")
    """Where relative file names of sources and benchmarks begin."""
    licences: LicencePolicy = LicencePolicy()
    """Which licences it accepts: a source with another one is refused before anything of it is downloaded."""
    name: str | None = None
    """A name for people; made of the sources when there is none."""


class ReadingConfig(Config):
    """How rows become records."""

    shard_mb: int = Field(32, ge=1, le=512)
    """Size of a record shard in memory, MB. Workers hold one shard each."""
    normalize: NormalizeConfig = NormalizeConfig()
    mask: Annotated[tuple[Literal["email", "ip", "phone"], ...], SPLIT] = ()
    """Personal data replaced by a token of its kind."""


class IngestConfig(ReadingConfig):
    """The dials of ingest."""

    max_quarantined: float = Field(0.05, ge=0, le=1)
    """Share of a source's rows that may be unreadable before the run fails."""

    @property
    def reading(self) -> ReadingConfig:
        """The part that decides what the records hold, so that another share reads nothing again."""
        return ReadingConfig(**self.model_dump(exclude={"max_quarantined"}))


@dataclass(frozen=True)
class SourceInput:
    """A source as a plan's input: its entry, and a digest of the entry and of what it reads."""

    name: str
    source: Source
    root: Path
    refused: str | None
    digest: str = field(init=False)
    stamps: dict[str, tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "stamps", self.source.stamps(self.root))  # before the digest: both tell of the same bytes
        entry = self.source.model_dump(mode="json", exclude={"former", "home", "size", "gated", "recipes"})
        digest = digest_json([entry, self.refused, self.source.content_digest(self.root)])
        object.__setattr__(self, "digest", digest)

    def check_unchanged(self) -> None:
        """Raises UserError when a file is another than the one that was digested: a download that still goes on."""
        now = self.source.stamps(self.root)
        changed = sorted(name for name in {*now, *self.stamps} if now.get(name) != self.stamps.get(name))
        if changed:
            raise UserError(
                f"{self.name}: {changed[0]} changed while it was read; run again when nothing writes to it any more"
            )

    @property
    def adapter(self) -> Adapter | None:
        """Its adapter of rows with the entry's options, if it has one."""
        return self._adapter(adapters)

    @property
    def whole_adapter(self) -> WholeAdapter | None:
        """Its adapter of the whole source with the entry's options, if it has one."""
        return self._adapter(whole_adapters)

    def _adapter(self, registry: Registry) -> Any:
        name = self.source.adapter
        if name is None or name not in registry:
            return None
        return partial(registry[name], **registry.options(name, self.source.options, f"{self.name}.adapter"))


def read_sources(
    sources: Sources,
    benchmarks: Benchmarks,
    decontaminate: DecontaminateConfig,
    recipes: Recipes,
    run: RunConfig,
    ingest: IngestConfig,
    engine: EngineConfig,
) -> Plan:
    """Read the chosen sources into record shards; set unreadable rows aside; refuse a source that is a benchmark's split."""
    suite = decontaminate.suite(benchmarks)
    chosen, refused = licensed(choose(sources.root, run.sources), run.sources, run.licences)
    if refused:
        logging.getLogger(__name__).warning("left out for their licence (run.licences): %s", ", ".join(refused))
    check_early(chosen, run.files_root, recipes)
    inputs = [SourceInput(n, s, run.files_root, refusal(s, suite, benchmarks.root)) for n, s in chosen.items()]
    return Plan(
        step="ingest",
        work=read_source,
        items=tuple(Item(given.name, (given,), size=1) for given in inputs),
        config=ingest.reading,
        version=VERSION,
        streams=True,
        libraries=("ftfy",),
        engine=engine,
        inputs={given.name: given.digest for given in inputs},
    )


def read_source(given: SourceInput, config: ReadingConfig, after: dict[str, Any] | None) -> Iterator[Piece]:
    """One source as pieces of at most `shard_mb`; `after` is the note of the last piece of a killed run, to go on from."""
    builder = RecordBuilder(given.name, given.source, given.adapter)
    if given.whole_adapter and not given.refused:
        yield from read_whole(given, config, builder, given.whole_adapter, after)
        return
    start = BEGINNING
    if after:
        start = Place(after["file"], after["row"])
        builder.next_number = after["number"]
        builder.counts = Counts(**after["counts"])
    shard = _Shard(config.shard_mb * 2**20)
    end: Place | None = start
    for batch in given.source.batches(given.root, start):
        end = batch.end
        if given.refused:
            shard.refuse(builder, batch, given.refused)
            continue
        shard.add(given, config, batch.file, *builder.build(batch))
        if shard.is_full and end is not None:
            given.check_unchanged()
            yield shard.piece(builder, end)
            shard = _Shard(shard.limit)
    builder.end()
    given.check_unchanged()
    yield shard.piece(builder, None)


def read_whole(
    given: SourceInput, config: ReadingConfig, builder: RecordBuilder, adapter: WholeAdapter, after: dict[str, Any] | None
) -> Iterator[Piece]:
    """A source whose records join rows: it is read from its beginning again, and the pieces that stand are left out."""
    done = after["piece"] + 1 if after else 0
    shard, number = _Shard(config.shard_mb * 2**20), 0
    for file, table, bad in builder.build_whole(given.source.batches(given.root), adapter):
        shard.add(given, config, file, table, bad)
        if shard.is_full:
            given.check_unchanged()
            if number >= done:
                yield shard.piece(builder, None, {"piece": number})
            shard, number = _Shard(shard.limit), number + 1
    given.check_unchanged()
    yield shard.piece(builder, None)


class _Shard:
    """Records and quarantined rows on their way to one shard."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.refused: dict[str, str] = {}
        self.records: list[pa.Table] = [RECORD.empty_table()]
        self.quarantined: list[pa.Table] = [QUARANTINED.empty_table()]

    @property
    def is_full(self) -> bool:
        return self.size >= self.limit

    def add(self, given: SourceInput, config: ReadingConfig, file: str, table: pa.Table, bad: list[BadRow]) -> None:
        table = clean_fields(table, config.normalize, given.source.html_entities, config.mask)
        self.records.append(table)
        self.quarantined.append(quarantined_table(given.name, file, bad))
        self.size += table.nbytes

    def refuse(self, builder: RecordBuilder, batch: Batch, why: str) -> None:
        """The rows of a benchmark's split: they are counted, the reason is noted, and that is all."""
        self.refused = {"refused": why}
        rows = len(batch.bad) + (batch.table.num_rows if batch.table is not None else len(batch.rows))
        builder.counts.add(rows, [LEFT_OUT] * rows)

    def piece(self, builder: RecordBuilder, end: Place | None, place: dict[str, Any] | None = None) -> Piece:
        """The shard, with a note of where reading goes on; without an end or a place it is the source's last."""
        place = place or ({"file": end.file, "row": end.row} if end else {"last": True})
        same = {"source": builder.name, "tier": builder.source.tier, "task": builder.source.task}
        note = {**place, **same, "number": builder.next_number, "counts": vars(builder.counts), **self.refused}
        aside = pa.concat_tables(self.quarantined)
        return Piece(pa.concat_tables(self.records).unify_dictionaries().combine_chunks(), note, aside if len(aside) else None)


def list_quarantined(records: ShardFolder, ingest: IngestConfig, engine: EngineConfig) -> Plan:
    """The rows that became no record, source by source; a source with too many of them fails the run."""
    last = {shard.name.rpartition("-")[0]: shard.entry.note["counts"] for shard in records.shards}
    for name, counts in last.items():
        share = counts["quarantined"] / max(counts["rows"], 1)
        if share > ingest.max_quarantined:
            raise _too_many(records, name, counts, ingest.max_quarantined)
    items = tuple(Item(shard.name, (shard,), shard.rows) for shard in records.shards)
    return Plan("ingest", gather_quarantined, items, version=VERSION, engine=engine, inputs={"records": records.digest})


def gather_quarantined(shard: Shard) -> pa.Table:
    """What was set aside beside one record shard."""
    return shard.read_aside() if shard.entry.aside else QUARANTINED.empty_table()


def _too_many(records: ShardFolder, name: str, counts: dict[str, int], allowed: float) -> UserError:
    """The commonest reason, with one row as an example."""
    tables = [s.read_aside() for s in records.shards if s.name.rpartition("-")[0] == name and s.entry.aside]
    rows = pa.concat_tables(tables).to_pylist()
    reasons = [row["reason"] for row in rows]
    worst = max(set(reasons), key=reasons.count)
    example = next(row for row in rows if row["reason"] == worst)
    begins = example["excerpt"][:60]
    return UserError(
        f"{name}: {counts['quarantined']:,} of {counts['rows']:,} rows cannot be read, "
        f"more than ingest.max_quarantined={allowed:g}; most "
        f"are {worst}, e.g. {example['file']} row {example['row']}: {example['detail']}; it begins with {begins!r} "
        f"(kedro trace --quarantined --source {name} lists them)"
    )
