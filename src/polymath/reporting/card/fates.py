"""Part 3: where rows went, source by source."""

from collections import Counter
from dataclasses import dataclass, field

from polymath.reporting.card.head import Lines
from polymath.reporting.card.inputs import SourceFacts


@dataclass
class Ledger:
    """One source's books, on one line."""

    source: str
    task: str
    tier: str
    licence: str
    rows: int = 0
    quarantined: int = 0
    refused: int = 0
    records: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    """Records by the task that they have now."""
    removed: Counter[str] = field(default_factory=Counter)
    """Records by the first reason."""
    moved: int = 0
    generated: int = 0
    tokens: int = 0
    """Training tokens."""

    @property
    def kept_records(self) -> int:
        """All that were kept."""
        return self.kept.total()


def ledgers(books: Lines, fates: Lines, sources: dict[str, SourceFacts]) -> list[Ledger]:
    """A line for each source, in the order of the run."""
    found = {name: Ledger(name, facts.task, facts.tier, facts.licence) for name, facts in sources.items()}
    for line in books:
        one, count = found[line["source"]], line["count"]
        if line["ledger"] == "rows":
            one.rows += count if line["line"] == "read" else 0
            one.quarantined += count if line["line"] == "quarantined" else 0
            one.refused += count if line["line"] == "refused" else 0
        elif line["ledger"] == "tokens" and line["track"] is None and line["line"] == "train":
            one.tokens += count
    for fate in fates:
        one, count = found[fate["source"]], fate["records"]
        one.records += count
        one.moved += count if fate["moved"] else 0
        one.generated += count if fate["generated"] else 0
        if fate["reason"] is None:
            one.kept[fate["task"]] += count
        else:
            one.removed[fate["reason"]] += count
    return list(found.values())


def reasons(lines: list[Ledger]) -> list[tuple[str, int]]:
    """Every reason with the records that it removed, the largest first."""
    added: Counter[str] = Counter()
    for line in lines:
        added.update(line.removed)
    return sorted(added.items(), key=lambda item: (-item[1], item[0]))


@dataclass(frozen=True)
class Overlap:
    """Two sources that say the same things."""

    source: str
    other: str
    shared: int
    """Records of `source` that repeat, or are repeated by, a record of `other`."""
    share: float
    """Of the records of `source`."""
    back: float
    """The other way round: share of the records of `other`."""


def overlaps(rows: Lines) -> list[Overlap]:
    """Each pair of sources once, seen from the one that is contained the more; the closest pairs first."""
    share = {(row["source"], row["other"]): row["shared"] / max(row["records"], 1) for row in rows if row["other"]}
    count = {(row["source"], row["other"]): row["shared"] for row in rows if row["other"]}
    pairs = {min(pair, pair[::-1], key=lambda way: (-share.get(way, 0), way)) for pair in share}
    found = [Overlap(*pair, count[pair], share[pair], share.get(pair[::-1], 0.0)) for pair in pairs]
    return sorted(found, key=lambda one: (-one.share, -one.shared, one.source, one.other))
