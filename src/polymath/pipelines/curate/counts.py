"""How many examples and tokens there are, of every kind: what mixing weighs, and what the books and reports add up."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.decisions import side_by_side
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 1

COUNT = pa.schema(
    [
        ("source", pa.string()),
        ("tier", pa.string()),
        ("task", pa.string()),
        ("concept", pa.int32()),
        ("recipe", pa.string()),
        ("split", pa.string()),
        ("examples", pa.int64()),
        ("tokens", pa.int64()),
        ("loss_tokens", pa.int64()),
    ]
)


def count_tokens(tokens: ShardFolder, records: ShardFolder, record_concepts: ShardFolder, engine: EngineConfig) -> Plan:
    """Examples, tokens and tokens with a loss, by source, tier, task, concept, recipe and split."""
    trios = side_by_side(tokens, records, record_concepts)
    items = tuple(Item(t.name, (t, concepts, Tier(r.entry.note["tier"])), t.rows) for t, r, concepts in trios)
    inputs = {"tokens": tokens.digest, "record_concepts": record_concepts.digest}
    return Plan("mix", count_shard, items, version=VERSION, engine=engine, inputs=inputs)


@dataclass(frozen=True)
class Tier:
    """A source's tier, as an input of a plan."""

    name: str

    @property
    def digest(self) -> str:
        """The name says it all."""
        return self.name


def count_shard(tokens: Shard, concepts: Shard, tier: Tier) -> pa.Table:
    """Counts of one shard (schema COUNT)."""
    table = tokens.read(["source", "task", "recipe", "split", "record", "ids", "loss", "rejected_ids", "rejected_loss"])
    sizes = token_sizes(table)
    plain = {name: table[name].cast(pa.string()) for name in ("source", "task", "recipe", "split")}
    concept = concepts.read(["concept"])["concept"].take(table["record"])
    grouped = pa.table({**plain, "concept": concept, **{name: pa.array(values) for name, values in sizes.items()}})
    keys = ["source", "task", "concept", "recipe", "split"]
    summed = grouped.group_by(keys, use_threads=False).aggregate(
        [("tokens", "count"), ("tokens", "sum"), ("loss_tokens", "sum")]
    )
    names = {"tokens_count": "examples", "tokens_sum": "tokens", "loss_tokens_sum": "loss_tokens"}
    summed = summed.rename_columns([names.get(name, name) for name in summed.column_names])
    summed = summed.append_column("tier", pa.array([tier.name] * len(summed), pa.string()))
    return summed.select(COUNT.names).cast(COUNT).sort_by([(key, "ascending") for key in keys])


def token_sizes(tokens: pa.Table) -> dict[str, np.ndarray]:
    """`tokens` and `loss_tokens` of each example, int64; a pair counts both sides."""
    sizes = {"tokens": np.zeros(len(tokens), np.int64), "loss_tokens": np.zeros(len(tokens), np.int64)}
    for side in ("", "rejected_"):
        ids, loss = (_one(tokens[f"{side}{name}"]) for name in ("ids", "loss"))
        lengths = ids.value_lengths().fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        trained = np.concatenate([[0], np.cumsum(loss.flatten().cast(pa.uint8()), dtype=np.int64)])
        ends = np.cumsum(lengths)
        sizes["tokens"] += lengths
        sizes["loss_tokens"] += trained[ends] - trained[ends - lengths]
    return sizes


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
