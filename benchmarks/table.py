"""What was measured, kept in `results.json`, and the table that the docs show of it."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.corpus import ROOT

RESULTS, PAGE = ROOT / "benchmarks" / "results.json", ROOT / "docs" / "benchmarks.md"
VERSIONS = ("datasketch", "rensa", "datatrove", "spacy", "tokenizers", "gigatoken", "numba", "pyarrow", "kedro")


@dataclass
class Row:
    """One promise, and what came of it."""

    work: str
    """What was done, and against whom."""
    promise: str
    """In words, with its unit."""
    value: float
    """What was reached, in the promise's unit."""
    holds: bool
    megabytes: float
    ours: str
    """CPU seconds, MB/s and peak memory of Polymath, and"""
    theirs: str = ""
    """the same of the peer."""
    quality: str = ""
    when: str = field(default_factory=lambda: datetime.now(UTC).strftime("%Y-%m-%d"))
    machine: str = field(default_factory=lambda: machine())

    def told(self) -> str:
        """One line for the console."""
        parts = (self.ours, self.theirs and f"peer {self.theirs}", self.quality)
        verdict = "holds" if self.holds else "MISSED"
        return f"{self.work}: {self.value:.4g} ({self.promise}): {verdict}; " + "; ".join(filter(None, parts))


def used(seconds: float, megabytes: float, peak_mb: float) -> str:
    """CPU seconds, speed and memory, for people."""
    return f"{seconds:.3g} s, {megabytes / seconds:.3g} MB/s, {peak_mb:,.0f} MB"


def machine() -> str:
    """Processor, cores and memory."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB"


def keep(rows: list[Row], results: Path = RESULTS, page: Path = PAGE) -> None:
    """Add rows to the results, in place of older ones of the same work and size, and write the page anew."""
    known = json.loads(results.read_text("utf-8")) if results.exists() else []
    found = {(row["work"], _class(row["megabytes"])): row for row in known}
    found |= {(row.work, _class(row.megabytes)): asdict(row) for row in rows}
    results.write_text(json.dumps(list(found.values()), indent=1, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(written([Row(**row) for row in found.values()]), "utf-8")


def _class(megabytes: float) -> str:
    """Sizes that differ by less than a third are one."""
    return next((f"{size} MB" for size in (25, 250, 2500) if size / 1.34 < megabytes < size * 1.34), f"{megabytes:.2g} MB")


def written(rows: list[Row]) -> str:
    """The page: a line for each promise, the missed ones marked, and how it was measured."""
    order = list(dict.fromkeys(row.work for row in rows))
    rows = sorted(rows, key=lambda row: (order.index(row.work), row.megabytes))
    missed = sum(not row.holds for row in rows)
    head = f"{len(rows) - missed} of {len(rows)} lines keep their promise" + (
        f", {missed} miss it (**bold**)." if missed else "."
    )
    lines = [
        "# Benchmarks\n",
        "Written by `make bench`; do not edit. Each line is one run of the peer and of Polymath on the same input, one after",
        "the other on the same machine, one core unless said. Seconds are CPU seconds of all processes; memory is the largest",
        "sum of proportional set sizes over all of them, sampled four times a second. How the corpus is made, and what exactly",
        "each contender does, stands in `benchmarks/`.\n",
        head + "\n",
        "| work | MB | promise | reached | Polymath | peer | quality | when |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        value = f"{row.value:,.0f}" if row.value >= 1000 else f"{row.value:.3g}"
        reached = value if row.holds else f"**{value}, missed**"
        cells = (row.work, f"{row.megabytes:.0f}", row.promise, reached, row.ours, row.theirs, row.quality, row.when)
        lines.append("| " + " | ".join(cells) + " |")
    machines = ", ".join(dict.fromkeys(row.machine for row in rows))
    lines += ["", f"Machine: {machines}; Python {platform.python_version()}; {_versions()}."]
    return "\n".join(lines) + "\n"


def _versions() -> str:
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)
