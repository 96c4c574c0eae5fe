"""Select: caps per source and per concept. Where there is too much, keep variety first and the best of each kind."""

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.concepts import ConceptConfig
from polymath.pipelines.curate.decisions import aligned, decide
from polymath.pipelines.curate.order import PolicyOrder, Start
from polymath.pipelines.curate.ranking import Candidates, rankings
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

VERSION = 1
OVER_SOURCE_CAP, OVER_CONCEPT_CAP = "over_source_cap", "over_concept_cap"
OVER = pa.schema([("place", pa.int64()), ("reason", pa.string()), ("rank", pa.int64())])


class CapConfig(Config):
    """How much of anything is enough."""

    max_per_source: dict[str, int] = Field(default_factory=dict)
    """Records of a source, by its name; `default` for those that are not named."""
    max_per_concept: int | None = Field(None, ge=1)
    """Records of any one concept."""
    ranking: str = "closeness"
    """Which records are the best: a function of `ranking.py`."""

    @field_validator("ranking")
    @classmethod
    def _known_ranking(cls, value: str) -> str:
        rankings.named(value, "ranking")
        return value


class SelectConfig(CapConfig):
    """The dials of select."""

    concepts: ConceptConfig = ConceptConfig()

    @property
    def caps(self) -> CapConfig:
        """The caps alone."""
        return CapConfig(**self.model_dump(exclude={"concepts"}))


def find_over_caps(
    records: ShardFolder,
    decontaminate_decisions: ShardFolder,
    record_concepts: ShardFolder,
    signatures: ShardFolder,
    text_signals: ShardFolder,
    select: SelectConfig,
    engine: EngineConfig,
) -> Plan:
    """The records that a cap leaves out: what is over is taken from the commonest concepts, the worst-ranked first."""
    folders = (records, decontaminate_decisions, record_concepts, signatures, text_signals)
    aligned(*folders)
    capped = bool(select.max_per_source) or select.max_per_concept is not None
    items = (Item("over_caps", folders, records.rows),) if capped else ()
    inputs = {folder.path.name: folder.digest for folder in folders} if capped else {}
    return Plan("select", over_caps, items, select.caps, VERSION, engine=engine, inputs=inputs)


def over_caps(
    records: ShardFolder,
    decisions: ShardFolder,
    record_concepts: ShardFolder,
    signatures: ShardFolder,
    signals: ShardFolder,
    config: CapConfig,
) -> pa.Table:
    """Places over a cap, with the reason and the record's rank among those it was compared with (schema OVER)."""
    order = PolicyOrder.of(records)
    kept = np.flatnonzero(order.column(decisions, "kept"))
    concept = order.column(record_concepts, "concept")[kept]
    candidates = Candidates(
        kept,
        order.column(record_concepts, "closeness")[kept],
        order.column(signatures, "text_hash")[kept],
        order.column(signals, "words")[kept],
    )
    score = rankings[config.ranking](candidates)
    source = order.source_of(kept)
    over: list[pa.Table] = []
    gone = np.zeros(len(kept), bool)
    for number, name in enumerate(order.names):
        cap = config.max_per_source.get(name, config.max_per_source.get("default"))
        mine = np.flatnonzero(source == number)
        if cap is not None and len(mine) > cap:
            out, rank = _cap(concept[mine], score[mine], cap)
            gone[mine[out]] = True
            over.append(_over(kept[mine[out]], OVER_SOURCE_CAP, rank))
    if config.max_per_concept is not None:
        rest = np.flatnonzero(~gone)
        for number in np.unique(concept[rest]):
            mine = rest[concept[rest] == number]
            out, rank = _cap(concept[mine], score[mine], config.max_per_concept)
            over.append(_over(kept[mine[out]], OVER_CONCEPT_CAP, rank))
    return pa.concat_tables([OVER.empty_table(), *over]).sort_by("place")


def _cap(concept: np.ndarray, score: np.ndarray, cap: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of these records are over `cap`, and their ranks within their concept.

    Room is shared out evenly: small concepts stay whole, large ones are cut to the same level (water filling), and of each
    the best-ranked stay.
    """
    best_first = np.lexsort((-np.arange(len(score)), score))[::-1]
    rank = np.empty(len(concept), np.int64)
    for number in np.unique(concept):
        mine = best_first[concept[best_first] == number]
        rank[mine] = np.arange(len(mine))
    # Of all records in order of their rank, the first `cap` stay: every concept's best, then every concept's second, ...
    turn = np.lexsort((np.arange(len(rank)), rank))
    out = np.sort(turn[cap:])
    return out, rank[out]


def _over(places: np.ndarray, reason: str, rank: np.ndarray) -> pa.Table:
    return pa.Table.from_arrays([pa.array(places), pa.array([reason] * len(places)), pa.array(rank)], schema=OVER)


def select_records(
    records: ShardFolder, decontaminate_decisions: ShardFolder, over_caps: ShardFolder, engine: EngineConfig
) -> Plan:
    """Remove what is over a cap."""
    pairs = zip(decontaminate_decisions.shards, Start.of_each(records), strict=True)
    items = tuple(Item(shard.name, (shard, over_caps, start), shard.rows) for shard, start in pairs)
    inputs = {"decontaminate_decisions": decontaminate_decisions.digest, "over_caps": over_caps.digest}
    return Plan("select", select_in_shard, items, version=VERSION, engine=engine, inputs=inputs)


def select_in_shard(decisions: Shard, over: ShardFolder, start: Start) -> pa.Table:
    """The decisions of one shard after the caps."""
    before = decisions.read(["kept", "reason", "task"])
    removed = {reason: np.zeros(len(before), bool) for reason in (OVER_SOURCE_CAP, OVER_CONCEPT_CAP)}
    if over.shards:
        table = over.read()
        first, last = np.searchsorted(table["place"].to_numpy(), [start.place, start.place + len(before)])
        mine = table.slice(first, last - first)
        reasons = mine["reason"].to_numpy()
        for reason, mask in removed.items():
            mask[mine["place"].to_numpy()[reasons == reason] - start.place] = True
    return decide(before, removed)
