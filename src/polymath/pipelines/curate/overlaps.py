"""What each source adds that the others lack: how much of it stands in the others too."""

import numpy as np
import pyarrow as pa

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.order import PolicyOrder
from polymath.store.folder import ShardFolder

VERSION = 1

OVERLAP = pa.schema(
    [
        ("source", pa.string()),
        ("other", pa.string()),  # null in the row that is about the source alone
        ("records", pa.int64()),  # of the source, after cleaning
        ("shared", pa.int64()),  # of them, that repeat or are repeated by a record of the other (of any other, where null)
    ]
)


def compare_sources(
    records: ShardFolder, clean_decisions: ShardFolder, dedup_decisions: ShardFolder, engine: EngineConfig
) -> Plan:
    """For each pair of sources, how many records of the one say what a record of the other says."""
    item = Item("overlaps", (records, clean_decisions, dedup_decisions), records.rows)
    inputs = {"dedup_decisions": dedup_decisions.digest}
    return Plan("dedup", overlaps, (item,), version=VERSION, engine=engine, inputs=inputs)


def overlaps(records: ShardFolder, clean: ShardFolder, dedup: ShardFolder) -> pa.Table:
    """All overlaps (schema OVERLAP). A record and all that repeat it are one cluster; sources share a cluster or not."""
    from scipy.sparse import coo_matrix

    order = PolicyOrder.of(records)
    alive = order.column(clean, "kept")
    keeper = np.arange(order.rows)
    for number, shard in enumerate(dedup.shards):
        names = shard.read(["duplicate_of"])["duplicate_of"].combine_chunks()
        rows = np.flatnonzero(names.is_valid().to_numpy(zero_copy_only=False))
        keeper[order.starts[number] + rows] = order.places(names.drop_null().to_pylist())
    places = np.flatnonzero(alive)
    source = order.source_of(places)
    sources = len(order.names)
    counts = coo_matrix((np.ones(len(places), np.int64), (keeper[places], source)), shape=(order.rows, sources)).tocsr()
    present = (counts > 0).astype(np.int64)
    shared = (counts.T @ present).toarray()
    several = np.asarray(present.sum(axis=1)).reshape(-1) > 1
    anywhere = np.asarray(counts[several].sum(axis=0)).reshape(-1)
    total = np.bincount(source, minlength=sources)
    pairs = [(i, j) for i in range(sources) for j in range(sources) if i != j and shared[i, j]]
    columns = [
        [*order.names, *(order.names[i] for i, _ in pairs)],
        [*([None] * sources), *(order.names[j] for _, j in pairs)],
        [*total.tolist(), *(total[i] for i, _ in pairs)],
        [*anywhere.tolist(), *(shared[i, j] for i, j in pairs)],
    ]
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, OVERLAP, strict=True)], schema=OVERLAP)
