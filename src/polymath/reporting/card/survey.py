"""One pass over the tokens: how long examples are, and how many tokens there are of every kind, language included."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.reporting.card.inputs import Data
from polymath.reporting.card.sample import by_value
from polymath.store.shards import Shard

KEYS = ["source", "tier", "task", "concept", "language", "split"]


@dataclass(frozen=True)
class Survey:
    """What stands in the tokens."""

    counts: pa.Table
    """`examples` and `tokens` by source, tier, task, concept, language and split."""
    lengths: dict[str, np.ndarray]
    """Tokens of each example, int32, by task."""


def survey(data: Data) -> Survey:
    """Shard by shard; of the ids only their number is read (they are memory-mapped)."""
    tables: list[pa.Table] = []
    lengths: dict[str, list[np.ndarray]] = {}
    aligned = zip(*(data[n].shards for n in ("tokens", "records", "record_concepts", "text_signals")), strict=True)
    for tokens, records, concepts, signals in aligned:
        table = _examples(tokens, records, concepts, signals)
        tables.append(table.group_by(KEYS, use_threads=False).aggregate([("tokens", "count"), ("tokens", "sum")]))
        sizes = table["tokens"].to_numpy().astype(np.int32)
        for task, rows in by_value(table["task"]):
            lengths.setdefault(task, []).append(sizes[rows])
    counts = pa.concat_tables(tables).group_by(KEYS, use_threads=False)
    summed = counts.aggregate([("tokens_count", "sum"), ("tokens_sum", "sum")])
    summed = summed.rename_columns([*KEYS, "examples", "tokens"]).sort_by([(key, "ascending") for key in KEYS])
    return Survey(summed, {task: np.concatenate(parts) for task, parts in sorted(lengths.items())})


def _examples(tokens: Shard, records: Shard, concepts: Shard, signals: Shard) -> pa.Table:
    """The examples of one shard, with what they are counted by."""
    table = tokens.read(["record", "task", "split", "ids", "rejected_ids"])
    rows = table["record"]
    sizes = pc.add(*(pc.fill_null(pc.list_value_length(table[name]), 0) for name in ("ids", "rejected_ids")))
    note = records.entry.note
    columns = {
        "source": pa.array([note["source"]] * len(table), pa.string()),
        "tier": pa.array([note["tier"]] * len(table), pa.string()),
        "task": table["task"].cast(pa.string()),
        "concept": concepts.read(["concept"])["concept"].take(rows),
        "language": pc.fill_null(signals.read(["language"])["language"].cast(pa.string()).take(rows), "unknown"),
        "split": table["split"].cast(pa.string()),
        "tokens": sizes.cast(pa.int64()),
    }
    return pa.table(columns)
