"""Mix: how much of each concept of each task a track draws, in training tokens, and why."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.mixing import portfolio, weights
from polymath.pipelines.curate.tracks import MixConfig, TrackConfig
from polymath.sources.library import TIERS
from polymath.store.folder import ShardFolder

VERSION = 3

WEIGHT = pa.schema(
    [
        ("track", pa.string()),
        ("part", pa.string()),  # of the track, by its shares; "" where it has none
        ("task", pa.string()),
        ("concept", pa.int32()),
        ("examples", pa.int64()),  # that stand ready for training
        ("tokens", pa.int64()),
        ("loss_tokens", pa.int64()),
        ("prior", pa.float64()),  # the weight that UniMax gives
        ("weight", pa.float64()),  # share of the track's tokens
        ("drawn", pa.int64()),  # tokens
        ("epochs", pa.float64()),  # drawn / tokens
        ("gain", pa.float64()),  # mu of the portfolio, assumed or measured
    ]
)
FRONTIER = pa.schema(
    [
        ("track", pa.string()),
        ("kind", pa.string()),  # frontier, chosen, or the name of a strategy for comparison
        ("aversion", pa.float64()),
        ("risk", pa.float64()),
        ("gain", pa.float64()),
        ("estimates", pa.string()),  # assumed or measured
    ]
)


def weigh_tracks(token_counts: ShardFolder, concepts: ShardFolder, mix: MixConfig, engine: EngineConfig) -> Plan:
    """The weight, the tokens drawn and the epochs of every concept of every task, for each track."""
    item = Item("weights", (token_counts, concepts), token_counts.rows)
    inputs = {"token_counts": token_counts.digest, "concepts": concepts.digest}
    config = _weighing(mix)
    return Plan("mix", weigh, (item,), config, VERSION, libraries=("clarabel",), engine=engine, inputs=inputs)


def draw_frontiers(token_counts: ShardFolder, concepts: ShardFolder, mix: MixConfig, engine: EngineConfig) -> Plan:
    """For each track, the efficient frontier of portfolios, and where the chosen weights and the plain strategies lie."""
    item = Item("frontiers", (token_counts, concepts), token_counts.rows)
    inputs = {"token_counts": token_counts.digest, "concepts": concepts.digest}
    config = _weighing(mix)
    return Plan("mix", draw, (item,), config, VERSION, libraries=("clarabel",), engine=engine, inputs=inputs)


class WeighingConfig(Config):
    """What weights depend on."""

    tracks: dict[str, TrackConfig]


def _weighing(mix: MixConfig) -> WeighingConfig:
    """Without the dials of packing, so that another sequence length weighs nothing anew."""
    plain = {"sequence_tokens": 2048, "batch_sequences": 1, "correlated_share": 0.5, "seed": 0}
    return WeighingConfig(tracks={name: track.model_copy(update=plain) for name, track in mix.wanted.items()})


@dataclass(frozen=True)
class Stratum:
    """The strata of one track, an entry each, sorted by part, task and concept."""

    part: list[str]
    task: list[str]
    concept: list[int]
    examples: np.ndarray
    tokens: np.ndarray
    loss_tokens: np.ndarray
    tier_shares: np.ndarray
    """float64[tiers, n]"""

    @classmethod
    def of(cls, counts: pa.Table, track: TrackConfig) -> "Stratum":
        """The strata of a track: what is there to train on."""
        train = counts["split"].to_numpy() == "train"
        mine = counts.filter(pa.array(train & track.takes(counts)))
        frame = mine.to_pandas().assign(part=track.parts_of(mine))
        keys = ["part", "task", "concept"]
        summed = frame.groupby(keys, sort=True)[["examples", "tokens", "loss_tokens"]].sum()
        tiers = frame.pivot_table(index=keys, columns="tier", values="tokens", aggfunc="sum", fill_value=0)
        shares = tiers.reindex(index=summed.index, columns=list(TIERS), fill_value=0).to_numpy(float).T
        part, task, concept = ([key[place] for key in summed.index] for place in range(3))
        sizes = {name: summed[name].to_numpy(np.int64) for name in ("examples", "tokens", "loss_tokens")}
        return cls(part, task, concept, **sizes, tier_shares=shares / np.maximum(shares.sum(axis=0), 1))

    @property
    def sizes(self) -> np.ndarray:
        """Tokens, float64[n]."""
        return self.tokens.astype(float)

    def rows_of(self, part: str) -> np.ndarray:
        """int64: where the strata of a part stand."""
        return np.flatnonzero(np.array(self.part, object) == part)

    def at(self, rows: np.ndarray) -> "Stratum":
        """Some of the strata."""
        part, task, concept = ([names[row] for row in rows] for names in (self.part, self.task, self.concept))
        sizes = {name: getattr(self, name)[rows] for name in ("examples", "tokens", "loss_tokens")}
        return Stratum(part, task, concept, **sizes, tier_shares=self.tier_shares[:, rows])


def weigh(token_counts: ShardFolder, concepts: ShardFolder, config: WeighingConfig) -> pa.Table:
    """Weights of all tracks (schema WEIGHT). A track that nothing goes into has no rows."""
    counts, known = token_counts.read(), concepts.read()
    parts = [WEIGHT.empty_table()]
    for name, track in config.tracks.items():
        strata = Stratum.of(counts, track)
        if not strata.task:
            continue
        budget = float(track.budget_tokens or strata.tokens.sum())
        prior, chosen, gain = _weights(strata, known, track, budget, name)
        drawn = np.round(chosen * budget).astype(np.int64)
        columns: list[Any] = [[name] * len(chosen), strata.part, strata.task, strata.concept]
        columns += [strata.examples, strata.tokens, strata.loss_tokens, prior, chosen, drawn]
        columns += [drawn / np.maximum(strata.tokens, 1), gain]
        parts.append(pa.table(columns, names=WEIGHT.names).cast(WEIGHT))
    return pa.concat_tables(parts)


def _weights(
    strata: Stratum, concepts: pa.Table, track: TrackConfig, budget: float, name: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The prior, the weights by the track's strategy and within the epoch cap, and the gain; part by part."""
    prior, chosen, gain = (np.zeros(len(strata.task)) for _ in range(3))
    try:
        for part, share in track.parts.items():
            rows = strata.rows_of(part)
            if not len(rows):
                raise UserError(f"{part!r} is to be {share:.0%} of it, but has nothing to train on; leave it out of the shares")
            mine, size = strata.at(rows), max(share * budget, 1.0)
            even = _plain(mine, track.model_copy(update={"strategy": "unimax"}), size)
            problem = _problem(mine, concepts, track, even, size)
            best = (
                portfolio.solve(problem, track.portfolio.aversion, track.portfolio.pull).weights
                if track.strategy == "portfolio"
                else _plain(mine, track, size)
            )
            prior[rows], chosen[rows], gain[rows] = share * even, share * best, problem.gain
        if track.strategy != "portfolio":  # which keeps the cap by itself
            chosen = weights.capped(chosen, strata.sizes, budget, track.max_epochs)
        return prior, chosen, gain
    except UserError as error:
        raise UserError(f"mix.tracks.{name}: {error}") from error


def _plain(strata: Stratum, track: TrackConfig, budget: float) -> np.ndarray:
    """The strategies that share out among tasks first, then among each task's concepts."""

    def share(sizes: np.ndarray, total: float) -> np.ndarray:
        if track.strategy == "proportional":
            return weights.proportional(sizes)
        if track.strategy == "temperature":
            return weights.temperature(sizes, track.temperature, track.temperature_limit)
        return weights.unimax(sizes, total, track.max_epochs)

    tasks = sorted(set(strata.task))
    owner = np.array([tasks.index(task) for task in strata.task])
    sizes = np.bincount(owner, strata.sizes)
    # Of a track in parts, each part looks at its own tasks alone.
    wanted = {task: weight for task, weight in track.explicit.items() if task in tasks} if any(strata.part) else track.explicit
    by_task = weights.explicit(tasks, wanted) if track.strategy == "explicit" and wanted else share(sizes, budget)
    result = np.zeros(len(owner))
    for number, weight in enumerate(by_task):
        mine = owner == number
        result[mine] = weight * share(strata.sizes[mine], max(weight * budget, 1.0))
    return result / result.sum()


def _problem(strata: Stratum, concepts: pa.Table, track: TrackConfig, prior: np.ndarray, budget: float) -> portfolio.Problem:
    """The portfolio's problem with assumed estimates: the worth of tiers, and how far concepts are about the same."""
    rows = {row["concept"]: row for row in concepts.to_pylist()}
    dimensions = len(next(iter(rows.values()))["centroid"]) if rows else 1
    centroids = np.array([rows[c]["centroid"] if c in rows else [0.0] * dimensions for c in strata.concept])
    dispersion = np.array([rows[c]["dispersion"] if c in rows else 1.0 for c in strata.concept])
    worth = np.array([track.portfolio.tier_worth.get(tier, 0.0) for tier in TIERS])
    limits = np.minimum(track.max_epochs * strata.sizes / budget, 1.0)
    return portfolio.Problem(
        gain=portfolio.assumed_gain(strata.tier_shares, worth, np.ones(len(prior))),
        covariance=portfolio.assumed_covariance(centroids, dispersion),
        prior=prior,
        limits=limits,
        floors=np.minimum(track.portfolio.min_prior_share * prior, limits),
        tier_shares=strata.tier_shares,
        tier_floors=np.array([track.portfolio.tier_floors.get(tier, 0.0) for tier in TIERS]),
    )


def draw(token_counts: ShardFolder, concepts: ShardFolder, config: WeighingConfig) -> pa.Table:
    """Frontiers of all tracks (schema FRONTIER)."""
    counts, known = token_counts.read(), concepts.read()
    rows: list[dict[str, Any]] = []
    for name, track in config.tracks.items():
        strata = Stratum.of(counts, track)
        if len(strata.task) < 2:
            continue
        budget = float(track.budget_tokens or strata.tokens.sum())
        prior, chosen, _ = _weights(strata, known, track, budget, name)
        problem = _problem(strata, known, track, prior, budget)
        same = {"track": name, "estimates": "assumed"}
        for point in portfolio.frontier(problem, 1e-3, np.geomspace(0.1, 100, 13)):
            rows.append({**same, "kind": "frontier", "aversion": point.aversion, "risk": point.risk, "gain": point.gain})
        others = {
            kind: _plain(strata, track.model_copy(update={"strategy": kind}), budget) for kind in ("proportional", "unimax")
        }
        for kind, weighed in {**others, "chosen": chosen}.items():
            point = portfolio.point(problem, weighed, 0.0)
            rows.append({**same, "kind": kind, "aversion": None, "risk": point.risk, "gain": point.gain})
    return pa.Table.from_pylist(rows, schema=FRONTIER)
