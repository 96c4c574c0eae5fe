"""Datasets made by hand, for tests of single steps."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from polymath.engine.contract import EngineConfig
from polymath.engine.save import save_plan
from polymath.pipelines.curate.decisions import undecided
from polymath.records import RECORD
from polymath.store.folder import Manifest, ShardFolder
from polymath.store.shards import Entry, write_shard

ENGINE = EngineConfig(workers=1)
TIER_OF = {"high": "high", "low": "low"}


def folder_of(path: Path, tables: Mapping[str, pa.Table], notes: Mapping[str, dict[str, Any]] | None = None) -> ShardFolder:
    """A finished dataset with one shard for each table."""
    path.mkdir(parents=True, exist_ok=True)
    given = notes or {}
    entries = [
        write_shard(path, Entry(name, f"{name}.parquet", "key", "base", note=given.get(name, {})), table)
        for name, table in tables.items()
    ]
    Manifest("made", "key", tuple(entries)).write(path)
    return ShardFolder.open(path)


def records_of(path: Path, sources: Mapping[str, Sequence[dict[str, Any]]], task: str = "closed_qa") -> ShardFolder:
    """Record shards, one for each source. A source's rows may set `tier` and `task`; names of sources are free."""
    tables, notes = {}, {}
    for source, rows in sources.items():
        same = {"source": source, "file": f"{source}.jsonl", "task": task, "tier": "medium"}
        full = [{**same, "id": f"{source}/{n}", "row": n, **row} for n, row in enumerate(rows)]
        tables[f"{source}-00000"] = pa.Table.from_pylist(full, schema=RECORD)
        tier = full[0]["tier"] if full else "medium"
        counts = {"rows": len(rows), "ingested": len(rows), "quarantined": 0, "refused": 0}
        notes[f"{source}-00000"] = {"source": source, "tier": tier, "task": full[0]["task"] if full else task, "counts": counts}
    return folder_of(path, tables, notes)


def all_kept(path: Path, records: ShardFolder, without: Sequence[str] = ()) -> ShardFolder:
    """Decisions that keep every record but those named."""
    tables = {}
    for shard in records.shards:
        table = shard.read(["id", "task"])
        kept = pa.array([name not in without for name in table["id"].to_pylist()])
        tables[shard.name] = undecided(table["task"]).set_column(0, "kept", kept)
    return folder_of(path, tables)


def runner(folder: Path) -> Callable[..., ShardFolder]:
    """A function that saves a plan under a name."""

    def run(name: str, plan: Any, form: Any = "parquet") -> ShardFolder:
        return save_plan(plan, folder / name, form)

    return run


def passes(check: str, expected: str, reply: str) -> bool:
    """Whether a reply is right by the check of its example, as `Recipe.check` defines the four of them."""
    if check == "tests":
        ran = subprocess.run([sys.executable, "-I", "-c", f"{reply}\n{expected}"], capture_output=True, timeout=20, check=False)
        return ran.returncode == 0
    if check == "last_line":
        return reply.rstrip().splitlines()[-1] == f"Answer: {expected}"
    return reply == expected if check == "same" else reply[:1] == expected
