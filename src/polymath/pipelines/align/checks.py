"""Checks: what a program judges replies to the prompts of a track by, row for row with the track's sequences."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import unknown
from polymath.pipelines.align.config import AlignConfig
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.training.prompts import CHECK

VERSION = 1


def gather_checks(
    examples: ShardFolder, tokens: ShardFolder, sequences: ShardFolder, align: AlignConfig, engine: EngineConfig
) -> Plan:
    """For the tracks that replies are made to: how a reply to each sequence's prompt is checked (schema CHECK)."""
    tracks = [shard.name for shard in sequences.shards]
    if align.samples.track not in (None, *tracks):
        raise unknown("align.samples.track", align.samples.track, "track of this mix", tracks)
    wanted = {align.asked, *([align.train.track] if align.method == "grpo" else [])}
    shards = [shard for shard in sequences.shards if shard.name in wanted]
    items = tuple(Item(shard.name, (examples, tokens, shard), shard.rows) for shard in shards)
    inputs = {"examples": examples.digest, "tokens": tokens.digest, "sequences": sequences.digest}
    return Plan("prepare", checks_of_track, items, version=VERSION, engine=engine, inputs=inputs)


def checks_of_track(examples: ShardFolder, tokens: ShardFolder, sequences: Shard) -> pa.Table:
    """Of the first example in each sequence; pairs have no check, and their better reply is the one that is wanted."""
    first = _first_pieces(sequences)
    parts, places = [CHECK.empty_table()], np.zeros(len(first.shard), np.int64)
    composed = {shard.name: shard for shard in examples.shards}
    done = 0
    for number in np.unique(first.shard):
        rows = np.flatnonzero(first.shard == number)
        shard = tokens.shards[int(number)]
        names = shard.read(["id"])["id"].take(pa.array(first.example[rows]))
        table = composed[shard.name].read(["id", "check", "expected", "reply", "chosen"])
        found = table.take(pc.index_in(names, table["id"].combine_chunks()))
        wanted = pc.coalesce(found["reply"], found["chosen"])
        columns = [found["check"].cast(pa.string()), found["expected"], wanted]
        parts.append(pa.table(columns, names=CHECK.names).cast(CHECK))
        places[rows] = done + np.arange(len(rows))
        done += len(rows)
    return pa.concat_tables(parts).take(pa.array(places))


@dataclass(frozen=True)
class _Pieces:
    """Of each sequence's first example: the number of its token shard, and its row there."""

    shard: np.ndarray
    example: np.ndarray


def _first_pieces(sequences: Shard) -> _Pieces:
    pieces = sequences.read(["pieces"])["pieces"].combine_chunks()
    first = pc.list_element(pieces, 0) if len(pieces) else pieces.flatten()
    return _Pieces(first.field("shard").to_numpy(), first.field("example").to_numpy())
