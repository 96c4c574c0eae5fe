"""What became of a record: its whole story, from the row it was read from to the steps that train on it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.errors import UserError, choices
from polymath.pipelines.curate.clean import CleanConfig, derived_signals, verdicts
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

Load = Callable[[str], ShardFolder]
"""A dataset by name."""


@dataclass
class Chapter:
    """One step of the story: a sentence, and facts beside it."""

    step: str
    told: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a record stands: its shard's number in every aligned dataset, and its row."""

    id: str
    shard: int
    row: int


def find_record(records: ShardFolder, record: str) -> Place:
    """The place of a record by its id, `<source>/<number>` or an example's `<id>#<recipe>`; UserError when there is none."""
    record = record.partition("#")[0]
    source, _, number = record.rpartition("/")
    known = list(dict.fromkeys(shard.entry.note["source"] for shard in records.shards))
    if source not in known or not number.isdigit():
        raise UserError(f"{record!r} is not a record; ids are <source>/<number>; sources: {choices(source, known)}")
    left = int(number)
    for index, shard in enumerate(records.shards):
        if shard.entry.note["source"] == source:
            if left < shard.rows:
                return Place(record, index, left)
            left -= shard.rows
    total = sum(shard.rows for shard in records.shards if shard.entry.note["source"] == source)
    raise UserError(f"{record!r} is not a record; {source} has records 0 to {total - 1:,}")


def tell(load: Load, record: str, clean: CleanConfig) -> list[Chapter]:
    """The story of one record. It ends where the record does."""
    place = find_record(load("records"), record)
    chapters: list[Chapter] = []
    for chapter in _chapters(load, place, clean):
        chapters.append(chapter)
        if chapter.facts.get("removed"):
            break
    return chapters


def _chapters(load: Load, place: Place, clean: CleanConfig) -> Iterator[Chapter]:
    row = _row(load("records"), place)
    facts = {"file": row["file"], "row": row["row"], "task": row["task"], "tier": row["tier"], "group": row["group"]}
    yield Chapter("ingest", f"row {row['row']:,} of {row['file']}", facts)
    yield _clean(load, place, clean)
    yield _dedup(load, place)
    yield _decontaminate(load, place)
    yield _select(load, place)
    split = _row(load("split_decisions"), place)
    told = f"in the {split['split']} split" if split["kept"] else "removed: its text stands in another split already"
    yield Chapter("split", told, {"split": split["split"], "removed": None if split["kept"] else split["reason"]})
    yield from _examples(load, place)


def _clean(load: Load, place: Place, clean: CleanConfig) -> Chapter:
    decided = _row(load("clean_decisions"), place)
    signals = load("text_signals").shards[place.shard].read().slice(place.row, 1)
    if scores := load("relevance").shards:
        signals = signals.append_column("relevance", scores[place.shard].read()["relevance"].slice(place.row, 1))
    moved = f"moved to {decided['task']} by the rule {decided['moved']}; " if decided["moved"] else ""
    if not decided["kept"]:
        value = "found nothing to measure" if decided["value"] is None else f"measured {decided['value']:.4g}"
        told = f"{moved}removed by the filter {decided['reason']}, which {value}"
        return Chapter("clean", told, {"removed": decided["reason"], "value": decided["value"]})
    source = signals["source"][0].as_py()
    recipe = clean.judge.sources.get(source) or clean.judge.tasks.get(decided["task"], "none")
    steps = clean.judge.recipes.get(recipe, {})
    found = verdicts(steps, derived_signals(signals, clean.judge))
    known = [(name, verdict) for name, verdict in found if not np.isnan(verdict.value[0])]
    measured = {name: f"{verdict.value[0]:.4g} (limit {verdict.limit:g})" for name, verdict in known}
    return Chapter("clean", f"{moved}passed the {len(found)} filters of the recipe {recipe}", measured)


def _dedup(load: Load, place: Place) -> Chapter:
    decisions = load("dedup_decisions")
    decided = _row(decisions, place)
    if not decided["kept"]:
        how = "says the same as" if decided["reason"] == "copy" else _likeness(decided["similarity"])
        told = f"removed: it {how} {decided['duplicate_of']}"
        return Chapter("dedup", told, {"removed": decided["reason"], "duplicate_of": decided["duplicate_of"]})
    copies = sum(pc.sum(pc.equal(table["duplicate_of"], place.id)).as_py() or 0 for table in decisions.tables(["duplicate_of"]))
    return Chapter("dedup", "kept; " + (f"{copies:,} others repeat it" if copies else "nothing repeats it"), {"copies": copies})


def _likeness(similarity: float | None) -> str:
    """How alike two texts are, where they were compared (`dedup.verify.verified`)."""
    return "shares a band (unverified) with" if similarity is None else f"is {similarity:.3f} like"


def _decontaminate(load: Load, place: Place) -> Chapter:
    decided = _row(load("decontaminate_decisions"), place)
    if not decided["benchmark"]:
        return Chapter("decontaminate", "holds no benchmark item")
    share = f"{decided['covered']:.0%} of item {decided['item']} of {decided['benchmark']}"
    facts = {"matched": decided["matched"], "removed": None if decided["kept"] else decided["reason"]}
    return Chapter("decontaminate", ("removed: it holds " if not decided["kept"] else "kept: it holds only ") + share, facts)


def _select(load: Load, place: Place) -> Chapter:
    decided = _row(load("select_decisions"), place)
    about = _row(load("record_concepts"), place)
    names = {row["concept"]: row["name"] for row in load("concepts").read(["concept", "name"]).to_pylist()}
    concept = f"concept {about['concept']} ({names.get(about['concept'], 'none')}), closeness {about['closeness']:.3f}"
    told = f"kept; {concept}" if decided["kept"] else f"removed: {decided['reason'].replace('_', ' ')}; {concept}"
    return Chapter("select", told, {"removed": None if decided["kept"] else decided["reason"]})


def _examples(load: Load, place: Place) -> Iterator[Chapter]:
    shard = load("tokens").shards[place.shard].read(["id", "record", "recipe", "ids", "loss"])
    rows = np.flatnonzero(shard["record"].to_numpy() == place.row)
    for row in rows.tolist():
        example = shard.slice(row, 1).to_pylist()[0]
        size, trained = len(example["ids"]), sum(example["loss"])
        told = f"{example['id']}: {size:,} tokens, {trained:,} of them trained on"
        yield Chapter("compose", told, {"recipe": example["recipe"]})
        yield from _sequences(load, place.shard, row)


def _sequences(load: Load, shard: int, example: int) -> Iterator[Chapter]:
    """Where an example is packed, and when it is drawn, in each track; or that a track leaves it out."""
    for packed, scheduled in zip(load("sequences").shards, load("schedule").shards, strict=True):
        for left in _of_example(packed.read_aside(), shard, example).to_pylist():
            told = f"track {packed.name}: left out, {left['reason'].replace('_', ' ')} ({left['tokens']:,} tokens)"
            yield Chapter("pack", told, {"track": packed.name, "left_out": left["reason"]})
        sequences = _holding(packed, shard, example)
        if not len(sequences):
            continue
        table = scheduled.read(["sequence", "step"])
        steps = table["step"].to_numpy()[np.isin(table["sequence"].to_numpy(), sequences)].tolist()
        shown = ", ".join(f"{step:,}" for step in steps[:8]) + (f" and {len(steps) - 8} more" if len(steps) > 8 else "")
        told = f"track {packed.name}: sequence {', '.join(map(str, sequences[:4].tolist()))}; " + (
            f"steps {shown}" if steps else "not drawn"
        )
        yield Chapter("pack", told, {"track": packed.name, "steps": steps})


def _holding(packed: Shard, shard: int, example: int) -> np.ndarray:
    """The sequences that hold something of an example: int64, ascending. Of the pieces only their places are decoded."""
    pieces = packed.read([f"pieces.list.element.{name}" for name in ("shard", "example")])["pieces"].combine_chunks()
    places = pieces.flatten()
    found = np.flatnonzero(places.field("example").to_numpy() == example)
    found = found[places.field("shard").to_numpy()[found] == shard]
    return np.unique(np.searchsorted(pieces.offsets.to_numpy() - pieces.offsets[0].as_py(), found, side="right") - 1)


def _of_example(table: pa.Table, shard: int, example: int) -> pa.Table:
    """The rows of one example, in a table that names it by its token shard and its row there."""
    return table.filter(pc.and_(pc.equal(table["shard"], shard), pc.equal(table["example"], example)))


def _row(folder: ShardFolder, place: Place) -> dict[str, Any]:
    row: dict[str, Any] = folder.shards[place.shard].take([place.row]).to_pylist()[0]
    return row
