"""A folder of shards behind one manifest: the dataset that every step of curate reads and writes."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from polymath.errors import UserError
from polymath.store.digest import digest_json, digest_strings
from polymath.store.shards import Entry, Shard

MANIFEST = "_manifest.json"
LAYOUT = 1
"""Version of the manifest's own form; a manifest of another one is not read."""


@dataclass(frozen=True)
class Manifest:
    """What stands in `_manifest.json`: the shards in order, and the key of all that made them."""

    step: str
    key: str
    shards: tuple[Entry, ...]
    inputs: dict[str, str] = field(default_factory=dict)
    """Digest of each input, by name: what the folder was made from."""
    made_with: dict[str, str] = field(default_factory=dict)
    """Versions of the libraries that the step declares."""
    seconds: float = 0.0
    """How long the run that finished it worked on it."""
    layout: int = LAYOUT

    @property
    def digest(self) -> str:
        """Of the whole: the shards' names and digests in order."""
        return digest_strings(text for entry in self.shards for text in (entry.name, entry.digest, entry.aside))

    def write(self, folder: Path) -> None:
        """Write it last, under a temporary name first: its existence means that every shard it names is whole."""
        temporary = folder / f".{MANIFEST}.{os.getpid()}.tmp"
        said = asdict(self)
        text = json.dumps({**said, "digest": self.digest, "checksum": digest_json(said)}, indent=1, ensure_ascii=False)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / MANIFEST)

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """The folder's manifest; None when there is none, or when an earlier or later Polymath wrote it in another form."""
        try:
            data = json.loads((folder / MANIFEST).read_text("utf-8"))
            if data["layout"] != LAYOUT:
                return None
            data.pop("digest")
            if data.pop("checksum", None) not in (None, digest_json(data)):
                return None
            return cls(**{**data, "shards": tuple(Entry(**entry) for entry in data["shards"])})
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):  # a damaged one may hold anything
            return None


@dataclass(frozen=True)
class ShardFolder:
    """A finished dataset of shards. Nothing is read before it is asked for."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> "ShardFolder":
        """The finished folder at `path`; a `UserError` when there is none."""
        manifest = Manifest.read(path)
        if manifest is not None:
            return cls(path, manifest)
        is_there = (path / MANIFEST).exists()
        what = "what is here was made by another version of Polymath, or is damaged" if is_there else "nothing finished is here"
        raise UserError(f"{path}: {what}; run the step that makes it (kedro run --pipeline=curate)")

    @cached_property
    def shards(self) -> tuple[Shard, ...]:
        """Its shards, in the manifest's order."""
        return tuple(Shard(self.path, entry) for entry in self.manifest.shards)

    @cached_property
    def digest(self) -> str:
        """The digest of the whole."""
        return self.manifest.digest

    @cached_property
    def rows(self) -> int:
        """Rows in all shards."""
        return sum(entry.rows for entry in self.manifest.shards)

    @cached_property
    def bytes(self) -> int:
        """Bytes of all files."""
        return sum(entry.bytes for entry in self.manifest.shards)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The number of the first row of each shard among all rows, and at the end the number of rows."""
        starts = [0]
        for entry in self.manifest.shards:
            starts.append(starts[-1] + entry.rows)
        return tuple(starts)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """The shards' tables one after another."""
        return (shard.read(columns) for shard in self.shards)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows in one table: for small datasets, or few columns."""
        return pa.concat_tables(self.tables(columns)).unify_dictionaries()

    def __getstate__(self) -> dict[str, Any]:
        """Without what can be computed again: workers get the path and the manifest."""
        return {"path": self.path, "manifest": self.manifest}
