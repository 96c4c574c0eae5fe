"""Part 7: what each filter measured, where its limit is, and the records nearest to it on either side."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.pipelines.curate.clean import JudgeConfig, derived_signals, verdicts
from polymath.pipelines.curate.filters import Verdict
from polymath.reporting.card.charts import Histogram, histogram
from polymath.reporting.card.inputs import Data
from polymath.reporting.card.reasons import in_percent
from polymath.reporting.card.sample import Draw, Row, by_value, luck
from polymath.reporting.card.words import NARROW, amount
from polymath.store.shards import Shard

NEAREST = 3
"""Examples on either side of a limit."""

Key = tuple[str, str]
"""A recipe and a filter of it."""


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
        """The records nearest to the limit, on one side."""
        return self.near.drawn(side)

    @property
    def shown(self) -> list[Row]:
        """Those on both sides."""
        return [*self.rows("kept"), *self.rows("removed")]


def measure_filters(data: Data, judge: JudgeConfig, sample: int) -> list[Measured]:
    """Every filter that removed something, the one that removed most first; about `sample` records make its histogram."""
    share = min(sample / max(data["text_signals"].rows, 1), 1.0)
    found: dict[Key, Measured] = {}
    relevance = data["relevance"].shards or (None,) * len(data["text_signals"].shards)
    aligned = zip(data["text_signals"].shards, relevance, data["clean_decisions"].shards, strict=True)
    for number, (signals, scores, decisions) in enumerate(aligned):
        _measure_shard(found, number, signals, scores, decisions, judge, share)
    return sorted((one for one in found.values() if one.first), key=lambda one: (-one.first, one.recipe, one.filter))


def _measure_shard(
    found: dict[Key, Measured],
    number: int,
    signals: Shard,
    scores: Shard | None,
    decisions: Shard,
    judge: JudgeConfig,
    share: float,
) -> None:
    """Add one shard: a sample of its records for the histograms, and all that a filter removed for the examples."""
    state = decisions.read(["reason", "task"])
    reason = state["reason"].cast(pa.string()).fill_null("").to_numpy()
    rank = luck(signals.name, signals.rows)
    taken = np.flatnonzero((rank < share) | (reason != ""))
    if not len(taken):
        return
    table = signals.read()
    if scores is not None:
        table = table.append_column("relevance", scores.read()["relevance"])
    columns = derived_signals(table.take(pa.array(taken)), judge)
    for recipe, mine in by_value(recipes_of(signals.name.rpartition("-")[0], state["task"].take(pa.array(taken)), judge)):
        if recipe not in judge.recipes:
            continue
        part = _Part(number, taken[mine], rank[taken[mine]], reason[taken[mine]], share)
        for name, verdict in verdicts(judge.recipes[recipe], {key: value[mine] for key, value in columns.items()}):
            limits = dict(judge.recipes[recipe][name] or {})
            part.add(found.setdefault((recipe, name), Measured(recipe, name, limits)), verdict)


@dataclass(frozen=True)
class _Part:
    """The records of one shard that one recipe judged."""

    shard: int
    rows: np.ndarray
    rank: np.ndarray
    reason: np.ndarray
    share: float

    def add(self, one: Measured, verdict: Verdict) -> None:
        """What one filter says of them."""
        value = verdict.value.astype(float)
        known = ~np.isnan(value)
        first = self.reason == one.filter
        one.limit, one.first = verdict.limit, one.first + int(first.sum())
        beyond = verdict.removed & known
        if beyond.any():
            one.is_floor = bool(np.median(value[beyond]) < verdict.limit)
            one.says_yes_or_no = verdict.limit == 0.5 and bool(np.isin(value[known], (0.0, 1.0)).all())
        one.values.append(value[known & (self.rank < self.share)].astype(np.float32))
        distance = self.rank if one.says_yes_or_no else np.abs(value - verdict.limit) + self.rank * 1e-9
        for side, mask in (("removed", first), ("kept", (self.reason == "") & ~verdict.removed & known)):
            if not (one.says_yes_or_no and side == "kept"):
                rows = np.flatnonzero(mask)
                one.near.offer(side, self.shard, self.rows[rows], distance[rows])


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
