"""Part 7: what each filter measured, where its limit is, and the records nearest to it on either side."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.config import Config
from polymath.pipelines.curate.clean import JudgeConfig, derived_signals, verdicts
from polymath.pipelines.curate.filters import Verdict
from polymath.reporting.card.charts import Histogram, histogram
from polymath.reporting.card.reasons import in_percent
from polymath.reporting.card.sample import Draw, Row, by_value, luck
from polymath.reporting.card.words import NARROW, amount
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard

NEAREST = 3
"""Examples on either side of a limit."""

Key = tuple[str, str]
"""A recipe and a filter of it."""
NEAR = pa.list_(pa.struct([("rank", pa.float64()), ("row", pa.int64())]))
MEASURE = pa.schema(
    [
        ("recipe", pa.string()),
        ("filter", pa.string()),
        ("limit", pa.float64()),
        ("first", pa.int64()),  # records that it removed, being the first to
        ("is_floor", pa.bool_()),  # what is below the limit is removed; null where nothing is beyond it
        ("is_switch", pa.bool_()),  # it holds or it does not; null likewise
        ("values", pa.list_(pa.float32())),  # of a sample of the records that the recipe judged
        ("kept", NEAR),  # the records nearest to the limit, by their distance
        ("removed", NEAR),
    ]
)
"""What one filter of one recipe measured in one shard."""


@dataclass
class Measured:
    """What one filter of one recipe measured."""

    recipe: str
    filter: str
    limits: dict[str, Any]
    limit: float = 0.0
    is_floor: bool = False
    """What is below the limit is removed."""
    says_yes_or_no: bool = False
    """There is nothing to measure: it holds or it does not."""
    first: int = 0
    """Records that it removed, being the first to."""
    values: list[np.ndarray] = field(default_factory=list)
    """Of a sample of the records that the recipe judged."""
    near: Draw = field(default_factory=lambda: Draw(NEAREST))
    """Rows `kept` and `removed`, by their distance from the limit."""

    @property
    def sampled(self) -> np.ndarray:
        """All values that were sampled."""
        return np.concatenate([np.empty(0), *self.values])

    def chart(self) -> Histogram | None:
        """Its histogram; None where there is nothing to draw."""
        values = self.sampled
        if not len(values) or self.says_yes_or_no:
            return None
        return histogram(values, self.limit, self.is_floor, in_percent(self.filter, self.limits))

    def limit_text(self) -> str:
        """The limit as people write it."""
        return f"{100 * self.limit:g}{NARROW}%" if in_percent(self.filter, self.limits) else amount(self.limit)

    def rows(self, side: str) -> list[Row]:
        """The records nearest to the limit, on one side; of yes or no, those where it does not hold are nowhere near."""
        return [] if self.says_yes_or_no and side == "kept" else self.near.drawn(side)

    @property
    def shown(self) -> list[Row]:
        """Those on both sides."""
        return [*self.rows("kept"), *self.rows("removed")]


class MeasureConfig(Config):
    """What the measures of a shard depend on beside its signals and decisions."""

    judge: JudgeConfig
    share: float
    """Of the records, that make histograms."""


def sampled_share(sample: int, rows: int) -> float:
    """The share of all records that makes histograms: a power of two, so that a source more seldom measures all others anew."""
    return min(0.5 ** int(np.log2(max(rows, 1) / sample)), 1.0)


def measure_shard_by_relevance(signals: Shard, relevance: Shard, decisions: Shard, config: MeasureConfig) -> pa.Table:
    """Measures of one shard whose relevance to its task was measured."""
    return _measures(signals, signals.read().append_column("relevance", relevance.read()["relevance"]), decisions, config)


def measure_shard(signals: Shard, decisions: Shard, config: MeasureConfig) -> pa.Table:
    """Measures of one shard (schema MEASURE)."""
    return _measures(signals, signals.read(), decisions, config)


def _measures(shard: Shard, signals: pa.Table, decisions: Shard, config: MeasureConfig) -> pa.Table:
    """A sample of the records makes the histograms; all that a filter removed may be examples."""
    state, judge = decisions.read(["reason", "task"]), config.judge
    reason = state["reason"].cast(pa.string()).fill_null("").to_numpy()
    rank = luck(shard.name, shard.rows)
    taken = np.flatnonzero((rank < config.share) | (reason != ""))
    columns = derived_signals(signals.take(pa.array(taken)), judge)
    found = []
    for recipe, mine in by_value(recipes_of(shard.name.rpartition("-")[0], state["task"].take(pa.array(taken)), judge)):
        if recipe not in judge.recipes:
            continue
        part = _Part(taken[mine], rank[taken[mine]], reason[taken[mine]], config.share)
        for name, verdict in verdicts(judge.recipes[recipe], {key: value[mine] for key, value in columns.items()}):
            found.append({"recipe": recipe, "filter": name, **part.measure(name, verdict)})
    return pa.Table.from_pylist(found, schema=MEASURE)


@dataclass(frozen=True)
class _Part:
    """The records of one shard that one recipe judged."""

    rows: np.ndarray
    rank: np.ndarray
    reason: np.ndarray
    share: float

    def measure(self, name: str, verdict: Verdict) -> dict[str, Any]:
        """What one filter says of them: the columns of MEASURE but its name."""
        value = verdict.value.astype(float)
        known = ~np.isnan(value)
        first, beyond = self.reason == name, verdict.removed & known
        is_switch = beyond.any() and verdict.limit == 0.5 and bool(np.isin(value[known], (0.0, 1.0)).all())
        distance = self.rank if is_switch else np.abs(value - verdict.limit) + self.rank * 1e-9
        near = Draw(NEAREST)
        for side, mask in (("removed", first), ("kept", (self.reason == "") & ~verdict.removed & known)):
            near.offer(side, 0, self.rows[mask], distance[mask])
        return {
            "limit": verdict.limit,
            "first": int(first.sum()),
            "is_floor": bool(np.median(value[beyond]) < verdict.limit) if beyond.any() else None,
            "is_switch": is_switch if beyond.any() else None,
            "values": value[known & (self.rank < self.share)].astype(np.float32),
            **{side: [{"rank": row.rank, "row": row.row} for row in near.drawn(side)] for side in ("kept", "removed")},
        }


def read_measures(measures: ShardFolder, judge: JudgeConfig) -> list[Measured]:
    """Every filter that removed something, the one that removed most first: the measures of all shards put together."""
    found: dict[Key, Measured] = {}
    for number, shard in enumerate(measures.shards):
        table = shard.read()
        for place, row in enumerate(table.drop_columns("values").to_pylist()):
            key = row["recipe"], row["filter"]
            one = found.setdefault(key, Measured(*key, dict(judge.recipes[key[0]][key[1]] or {}), row["limit"]))
            one.first += row["first"]
            one.is_floor = one.is_floor if row["is_floor"] is None else row["is_floor"]
            one.says_yes_or_no = one.says_yes_or_no if row["is_switch"] is None else row["is_switch"]
            one.values.append(table["values"][place].values.to_numpy())
            for side in ("kept", "removed"):
                near = row[side]
                one.near.offer(side, number, np.array([n["row"] for n in near]), np.array([n["rank"] for n in near]))
    return sorted((one for one in found.values() if one.first), key=lambda one: (-one.first, one.recipe, one.filter))


def recipes_of(source: str, tasks: pa.ChunkedArray, judge: JudgeConfig) -> pa.Array:
    """The recipe that judged each record of a source: the source's own, else that of the task that the record has now."""
    coded = tasks.cast(pa.string()).dictionary_encode().combine_chunks()
    names = [judge.sources.get(source) or judge.tasks.get(task, "none") for task in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def idle_filters(measured: list[Measured], judge: JudgeConfig, used: set[str]) -> list[str]:
    """Filters of the recipes that judged something, which removed nothing."""
    busy = {one.filter for one in measured}
    return sorted({name for recipe in used for name, limits in _steps(judge, recipe) if limits is not None} - busy)


def _steps(judge: JudgeConfig, recipe: str) -> Iterator[tuple[str, Any]]:
    yield from judge.recipes.get(recipe, {}).items()


def limits_of(measured: list[Measured]) -> dict[str, dict[str, Any]]:
    """The limits of each filter, of the recipe where it removed most."""
    found: dict[str, dict[str, Any]] = {}
    counts: Counter[str] = Counter()
    for one in measured:
        if one.first > counts[one.filter]:
            counts[one.filter], found[one.filter] = one.first, one.limits
    return found
