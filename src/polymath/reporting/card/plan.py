"""Part 4: the plan of a track against what came of it."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from polymath.pipelines.curate.tracks import REPLAY, REST, TrackConfig
from polymath.reporting.card.head import Lines
from polymath.store.folder import ShardFolder

OFF = 0.02
"""A part further from its planned share than this is marked."""


@dataclass(frozen=True)
class Planned:
    """One part of a track: shares of its tokens."""

    name: str
    planned: float
    weighed: float
    """What the weights came to, the epoch cap kept."""
    scheduled: float
    """What stands in the batches."""

    @property
    def is_off(self) -> bool:
        """The batches hold clearly more or less of it than was planned."""
        return abs(self.scheduled - self.planned) > OFF


@dataclass(frozen=True)
class Plan:
    """A track's plan."""

    tokens: int | None
    """The budget; None where the track draws as many as there are."""
    weighed: int
    scheduled: int
    parts: list[Planned]
    """Empty where nothing was planned but a strategy."""


def plans(weights: Lines, sequences: ShardFolder, schedule: ShardFolder, tracks: dict[str, TrackConfig]) -> dict[str, Plan]:
    """The plan of each track."""
    found = {}
    for packed, scheduled in zip(sequences.shards, schedule.shards, strict=True):
        track, key = tracks[packed.name], _key(tracks[packed.name])
        weighed: Counter[str] = Counter()
        for row in weights:
            if row["track"] == packed.name:
                weighed[row[key]] += row["drawn"]
        drawn = _drawn(packed.read([key, "tokens"]), scheduled.read(["sequence"])["sequence"], key)
        found[packed.name] = plan(track, weighed, drawn)
    return found


def plan(track: TrackConfig, weighed: Counter[str], drawn: Counter[str]) -> Plan:
    """What was planned against the tokens `weighed` and `drawn` of each part (of each task, where tasks have weights)."""
    wanted = track.explicit if _key(track) == "task" else track.parts if any(track.parts) else {}
    total = sum(wanted.values())
    parts = [Planned(_named(name), share / total, _share(weighed, name), _share(drawn, name)) for name, share in wanted.items()]
    return Plan(track.budget_tokens, weighed.total(), drawn.total(), parts)


def _key(track: TrackConfig) -> str:
    return "task" if track.strategy == "explicit" and not any(track.parts) else "part"


def _named(part: str) -> str:
    """A part in words."""
    return {REPLAY: "replay of plain text", REST: "all others", "": "all others"}.get(part, part)


def _share(counts: Counter[str], name: str) -> float:
    return counts[name] / (counts.total() or 1)


def _drawn(sequences: pa.Table, chosen: pa.ChunkedArray, key: str) -> Counter[str]:
    """Tokens of each part in the batches, repeats counted."""
    table = pa.table({key: sequences[key].cast(pa.string()), "tokens": sequences["tokens"]}).take(chosen)
    summed = table.group_by(key).aggregate([("tokens", "sum")])
    return Counter({row[key]: row["tokens_sum"] for row in summed.to_pylist()})
