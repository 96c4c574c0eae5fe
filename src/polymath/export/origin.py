"""Where a mix comes from, as its card tells it: its digest, the dials that were turned, what became of each source's rows."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from polymath.export.contents import Contents
from polymath.reporting.card.head import mix_digest
from polymath.reporting.card.page import TRAINED_ON
from polymath.sources.library import Source
from polymath.tracking.record import read_records

PRIVATE = ("engine.", "run.files_root")
"""Dials that say where a run ran, not what it made."""


@dataclass(frozen=True)
class Ledger:
    """What became of one source."""

    source: Source
    made: int
    """Records read from it."""
    kept: int
    removed: Counter[str]
    """By reason."""
    examples: int
    """Of this track, all splits."""
    tokens: int
    """Of those that are trained on."""
    drawn: int
    """Tokens that the mix draws of it."""


@dataclass(frozen=True)
class Origin:
    """All that the card tells beside the examples themselves."""

    digest: str
    """Of what training reads: tokens, sequences, schedule."""
    dials: dict[str, str]
    """Those that differ from the defaults."""
    tokenizer: str
    ledgers: dict[str, Ledger]
    """Of the sources that have examples in the track."""
    benchmarks: dict[str, int]
    """Items that were looked for in the records, by benchmark; 0 where it could not be read."""

    @classmethod
    def of(cls, contents: Contents, project: Path) -> "Origin":
        """From the books, and from the record of the run that made this mix first: later ones only made it again."""
        digest = mix_digest([contents.folders[name] for name in TRAINED_ON])
        record = next((each for each in read_records(project) if each.tags.get("mix") == digest[:12]), None)
        turned = {n: record.parameters.get(n, "not set") for n in sorted(record.changed)} if record else {}
        dials = {name: value for name, value in turned.items() if not name.startswith(PRIVATE)}
        tokenizer = contents.folders["tokenizer"].read(["name"])["name"][0].as_py()
        benchmarks = {shard.name: shard.rows for shard in contents.folders["benchmark_items"].shards}
        return cls(digest, dials, tokenizer, _ledgers(contents), benchmarks)


def _ledgers(contents: Contents) -> dict[str, Ledger]:
    records: Counter[tuple[str, str]] = Counter()
    drawn: Counter[str] = Counter()
    for line in contents.folders["books"].read().to_pylist():
        if line["ledger"] == "records":
            records[line["source"], line["line"]] += line["count"]
        elif line["ledger"] == "drawn" and line["track"] == contents.track:
            drawn[line["source"]] += line["count"]
    examples: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for row in contents.counts.to_pylist():
        examples[row["source"]] += row["examples"]
        tokens[row["source"]] += row["tokens"] if row["split"] == "train" else 0
    found = {}
    for name, source in contents.sources.items():
        if examples[name]:
            lines = Counter({line: count for (mine, line), count in records.items() if mine == name and count})
            made, kept = lines.pop("made", 0), lines.pop("kept", 0)
            found[name] = Ledger(source, made, kept, lines, examples[name], tokens[name], drawn[name])
    return found
