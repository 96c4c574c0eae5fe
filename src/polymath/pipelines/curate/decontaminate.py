"""Decontaminate: training records that hold a benchmark's item are removed, and the item is named on them."""

import functools
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.decisions import decide, side_by_side
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.suite import DecontaminateConfig, MatchConfig
from polymath.records import TEXT_FIELDS
from polymath.sources.benchmarks import Benchmark, Benchmarks, item_reader
from polymath.sources.build import placed_rows
from polymath.sources.mapping import getter
from polymath.sources.rows import Batch
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks.task import flat, whole_text
from polymath.text.buffers import as_strings
from polymath.text.ngrams import NgramIndex, build_index, matches

VERSION = 3
LEAK = "benchmark_leak"
WHOLE_FIELDS = ("prompt", "context", "text")  # what is asked; a reply may well be a single word that some item is too
SHORT_BYTES = 80  # of a field or an item that is compared whole
OPTIONS = r"(?s)\s(?:\(A\)|\(a\)|A[.):]).*$"
"""Where the answers to choose from begin: what is asked ends before them."""
SENTENCE_ENDS = (".", "?", "!")
SIGNS = re.compile("[+=^÷×]")

ITEM = pa.schema([("benchmark", pa.string()), ("id", pa.string()), ("text", pa.string())])
MATCH = pa.schema(
    [
        ("row", pa.int64()),  # of the record shard
        ("benchmark", pa.dictionary(pa.int32(), pa.string())),
        ("item", pa.string()),  # the item's id
        ("covered", pa.float32()),  # share of the item's words that the record holds in n-grams of the item
        ("matched", pa.string()),  # the longest stretch of the record that the item has too
    ]
)


@dataclass(frozen=True)
class BenchmarkInput:
    """A benchmark as a plan's input; one that cannot be read has a reason instead of rows."""

    name: str
    benchmark: Benchmark
    root: Path
    absent: str | None
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        entry = self.benchmark.model_dump(mode="json")
        content = "absent" if self.absent else self.benchmark.content_digest(self.root)
        object.__setattr__(self, "digest", digest_json([entry, content]))


def read_benchmarks(benchmarks: Benchmarks, run: RunConfig, decontaminate: DecontaminateConfig, engine: EngineConfig) -> Plan:
    """The items of every benchmark of the list that can be read here; the others are named in a warning."""
    wanted = decontaminate.suite(benchmarks)
    inputs = [BenchmarkInput(n, b, run.files_root, b.absent(run.files_root)) for n, b in wanted.items()]
    absent = {given.name: given.absent for given in inputs if given.absent}
    for name in decontaminate.require:
        if name in absent:
            raise UserError(f"decontaminate.require: {name} cannot be read: {absent[name]}")
    if absent:
        logging.getLogger(__name__).warning("not checked against %s: %s", ", ".join(absent), next(iter(absent.values())))
    items = tuple(Item(given.name, (given,), 1) for given in inputs)
    return Plan("decontaminate", read_items, items, version=VERSION, engine=engine)


def read_items(given: BenchmarkInput) -> pa.Table:
    """One benchmark's items as text (schema ITEM); none when it is absent."""
    if given.absent:
        return ITEM.empty_table()
    items = [item for batch in given.benchmark.batches(given.root) for item in _items_of(given, batch)]
    return pa.Table.from_pylist(items, schema=ITEM)


def _items_of(given: BenchmarkInput, batch: Batch) -> list[dict[str, str]]:
    text = item_reader(given.name, given.benchmark)
    name = getter(given.benchmark.id, f"benchmarks.{given.name}.id") if given.benchmark.id else None
    items = []
    for place, row in placed_rows(batch):
        own = f"{batch.file}:{place.row}"
        items.append({"benchmark": given.name, "id": str(name(row)) if name else own, "text": text(row)})
    return items


def find_leaks(
    records: ShardFolder, benchmark_items: ShardFolder, decontaminate: DecontaminateConfig, engine: EngineConfig
) -> Plan:
    """Look for every item in every record, measured once; how much of an item is too much is decided after."""
    items = tuple(Item(shard.name, (shard, benchmark_items), shard.rows) for shard in records.shards)
    inputs = {"records": records.digest, "benchmark_items": benchmark_items.digest}
    return Plan("decontaminate", find_in_shard, items, decontaminate.match, VERSION, engine=engine, inputs=inputs)


def find_in_shard(records: Shard, benchmark_items: ShardFolder, config: MatchConfig) -> pa.Table:
    """Matches of one record shard (schema MATCH): at most one row per record and item."""
    if not benchmark_items.rows:
        return MATCH.empty_table()
    index, names, ids, brief, short = _index(benchmark_items.path, benchmark_items.digest, config)
    table = records.read(list(TEXT_FIELDS))
    text = whole_text(table)
    held = list(_matched(index, brief, text))
    held += [(row, item, 1.0, value) for row, item, value in _equal_fields(table, short)]
    rows, items, covered, spans = zip(*held, strict=True) if held else ((),) * 4
    item = pa.array(items, pa.int64())
    columns = [
        pa.array(rows, pa.int64()),
        names.take(item).dictionary_encode(),
        ids.take(item),
        pa.array(covered, pa.float32()),
        pa.array(spans, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=MATCH)


def _matched(index: NgramIndex, brief: Mapping[int, str], text: pa.Array) -> Iterator[tuple[int, int, float, str]]:
    """Row, item, share covered and the stretch in common; short items only where they stand whole."""
    for row, item, covered, start, size in zip(*(column.tolist() for column in matches(index, as_strings(text))), strict=True):
        said = text[row].as_py()
        if item not in brief or _stands_whole(brief[item], said):
            yield row, item, covered, said.encode()[start : start + size].decode("utf-8", "ignore")


def _stands_whole(item: str, said: str) -> bool:
    """Whether a text holds a short item with its signs, and to the end of its sentence.

    "Which of the following is true?" does not stand in "Which of the following is true of whales?", nor "2+2" in "2 - 2".
    """
    words = re.findall(r"\w+", item)
    for found in re.finditer(r"\b" + r"\W+".join(map(re.escape, words)) + r"\b", said, re.IGNORECASE):
        goes_on = item.endswith(SENTENCE_ENDS) and said[found.end() :].lstrip(" ")[:1].isalnum()
        if not goes_on and SIGNS.findall(found[0]) == SIGNS.findall(item):
            return True
    return False


def _equal_fields(records: pa.Table, short: Mapping[str, int]) -> Iterator[tuple[int, int, str]]:
    """Row, item and text where a field is a short item and nothing else but options, case and punctuation aside."""
    for name in WHOLE_FIELDS:
        beginnings = pc.utf8_slice_codeunits(flat(records[name]), 0, 2 * SHORT_BYTES)
        values = pc.replace_substring_regex(beginnings, OPTIONS, "")
        brief = pc.less_equal(pc.fill_null(pc.binary_length(values), SHORT_BYTES + 1), SHORT_BYTES)
        rows = pc.indices_nonzero(brief)
        for row, value in zip(rows.to_pylist(), values.take(rows).to_pylist(), strict=True):
            item = short.get(_plain_words(value))
            if item is not None:
                yield row, item, value


def _plain_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@functools.lru_cache(maxsize=1)
def _index(
    path: Path, digest: str, config: MatchConfig
) -> tuple[NgramIndex, pa.Array, pa.Array, dict[int, str], dict[str, int]]:
    """The index over all items; their benchmarks and ids; the texts of those that are looked for whole, by number; and those
    that are shorter still, by their words. Built once per process."""
    table = ShardFolder.open(path).read()
    index = build_index(as_strings(table["text"]), config.ngram_words, config.min_item_words)
    words = (_plain_words(text) if len(text.encode()) <= SHORT_BYTES else "" for text in table["text"].to_pylist())
    short = {text: item for item, text in enumerate(words) if text and text.count(" ") < config.min_item_words - 1}
    # In other scripts marks are parts of words, and words may have no spaces between them: there the index alone decides.
    whole = np.flatnonzero(np.diff(index.short_starts)).tolist()
    texts = table["text"].take(pa.array(whole, pa.int64())).to_pylist()
    brief = {item: text.strip() for item, text in zip(whole, texts, strict=True) if text.isascii()}
    return index, table["benchmark"].combine_chunks(), table["id"].combine_chunks(), brief, short


def drop_leaks(
    dedup_decisions: ShardFolder, leak_matches: ShardFolder, decontaminate: DecontaminateConfig, engine: EngineConfig
) -> Plan:
    """Remove records that hold a benchmark's item; the best matched item is named on each, with the words they share."""
    pairs = side_by_side(dedup_decisions, leak_matches)
    items = tuple(Item(decisions.name, (decisions, found), decisions.rows) for decisions, found in pairs)
    inputs = {"dedup_decisions": dedup_decisions.digest, "leak_matches": leak_matches.digest}
    config = CoverageConfig(min_coverage=decontaminate.min_coverage)
    return Plan("decontaminate", drop_in_shard, items, config, VERSION, engine=engine, inputs=inputs)


class CoverageConfig(Config):
    """How much of an item is too much."""

    min_coverage: float


def drop_in_shard(decisions: Shard, found: Shard, config: CoverageConfig) -> pa.Table:
    """The decisions of one shard, with `benchmark`, `item`, `covered` and `matched` of the best matched item."""
    before = decisions.read(["kept", "reason", "task"])
    table = found.read().sort_by([("row", "ascending"), ("covered", "descending"), ("item", "ascending")])
    row = table["row"].to_numpy()
    best = table.filter(pa.array(np.r_[True, row[1:] != row[:-1]] if len(row) else np.empty(0, bool)))
    places = np.full(len(before), -1)
    places[best["row"].to_numpy()] = np.arange(len(best))
    picked = pa.array(places, mask=places < 0)
    covered = best["covered"].take(picked).to_numpy()
    leaks = np.nan_to_num(covered, nan=-1.0) >= max(config.min_coverage, 1e-9)
    measured = {name: best[name].combine_chunks().take(picked) for name in ("benchmark", "item", "covered", "matched")}
    return decide(before, {LEAK: leaks}, **measured)
