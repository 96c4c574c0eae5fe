"""The index of a mix's training tokens on disk: made once, memory-mapped, looked into in milliseconds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap  # np.load could be made to run what a file holds

from polymath.reporting.tracing.mapped import MappedFiles
from polymath.reporting.tracing.spans import (
    Catalogue,
    Flat,
    Runs,
    Samples,
    count_heads,
    head_bits,
    merge,
    sample,
    sample_count,
    shared_runs,
)
from polymath.store.folder import ShardFolder
from polymath.store.lock import ProjectLock
from polymath.training.checkpoints import sync

VERSION = 1
PLACE = Path("data/08_index/spans")
ABOUT, HEADS, STARTS, KEYS, NUMBERS = "about.json", "heads.npy", "starts.npy", "keys.bin", "numbers.bin"
TOLD = ["id", "task", "source"]
"""Columns of an example that is told of."""
BLOCK = 2**22
"""Samples that are put in order at once."""
Advance = Callable[[float], None]
"""Told how far the work is, from 0 to 1."""


@dataclass(frozen=True)
class SpanIndex:
    """Samples of all training examples of `tokens`, and those tokens. A corpus is a shard, a document its row."""

    catalogue: Catalogue
    tokens: ShardFolder
    files: dict[str, list[int]]
    """Size and time of each shard's file when the index was made, and the file's checksum was right."""
    mapped: MappedFiles
    _tables: dict[int, pa.Table] = field(default_factory=dict)

    @classmethod
    def find(cls, folder: Path, tokens: ShardFolder) -> SpanIndex | None:
        """The finished index of these tokens below `folder`."""
        path, mapped = folder / tokens.digest, MappedFiles()
        if not (path / ABOUT).exists():
            return None
        about = json.loads((path / ABOUT).read_text("utf-8"))
        if about["version"] != VERSION:
            return None
        keys, numbers = (
            np.frombuffer(mapped.map(path / name) if about["samples"] else b"", kind)
            for name, kind in ((KEYS, "uint64"), (NUMBERS, about["numbers"]))
        )
        catalogue = Catalogue(Samples(keys, numbers), open_memmap(path / HEADS, mode="r"), open_memmap(path / STARTS, mode="r"))
        return cls(catalogue, tokens, about["files"], mapped)

    def runs(self, text: np.ndarray, before: int | None = None) -> Runs:
        """The runs of these ids that training examples hold; with `before`, those alone that begin before this token."""

        def flat(number: int) -> Flat:
            return _flat_of(self._table(number)["ids"])

        return shared_runs(text, self.catalogue, flat, self.mapped.expect, before)

    def examples(self, places: list[tuple[int, int]]) -> list[dict[str, Any]]:
        """`id`, `task` and `source` of examples by shard and row."""
        found = []
        for number, row in places:
            found += self._table(number).select(TOLD).slice(row, 1).to_pylist()
        return found

    def _table(self, number: int) -> pa.Table:
        """A shard's table. A file that was whole when it was indexed is not read whole once more: that would take seconds."""
        if number not in self._tables:
            shard = self.tokens.shards[number]
            if _signature(shard.path) == self.files[shard.name] and shard.path.suffix == ".arrow":
                data = pa.BufferReader(pa.py_buffer(self.mapped.map(shard.path)))
                self._tables[number] = pa.ipc.open_file(data).read_all()
            else:
                self._tables[number] = shard.read(["ids", *TOLD])
        return self._tables[number]


def make_index(folder: Path, tokens: ShardFolder, advance: Advance) -> SpanIndex:
    """Index the examples of the split `train`, shard by shard and then key by key, in place of what `folder` holds.

    It is written aside and renamed, so that an index that is there is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = ProjectLock(folder / ".lock")
    lock.acquire()
    try:
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)  # of an earlier mix, or of one that was killed
        aside = folder / f".{tokens.digest}.tmp"
        aside.mkdir()
        _write_index(aside, tokens, advance)
        for path in aside.iterdir():
            sync(path)
        aside.rename(folder / tokens.digest)
    finally:
        lock.release()
    made = SpanIndex.find(folder, tokens)
    assert made is not None
    return made


def _write_index(folder: Path, tokens: ShardFolder, advance: Advance) -> None:
    starts, files, total = [0], {}, 0
    for number, shard in enumerate(tokens.shards):
        flat = _flat_of(shard.read(["ids"])["ids"])
        split = shard.read(["split"])["split"].cast(pa.string()).to_numpy(zero_copy_only=False)
        found = sample(flat, split == "train")
        total += len(found.keys)
        np.save(folder / f"keys-{number}.npy", found.keys)
        np.save(folder / f"numbers-{number}.npy", found.numbers + starts[-1])
        starts.append(starts[-1] + sample_count(len(flat.ids)))
        files[shard.name] = _signature(shard.path)
        advance((number + 1) / len(tokens.shards) * 0.5)
    kind, bits, done = ("uint32" if starts[-1] < 2**32 else "uint64"), head_bits(total), 0
    heads = np.zeros((1 << bits) + 1, np.int64)
    with (folder / KEYS).open("wb") as keys, (folder / NUMBERS).open("wb") as numbers:
        for block in _in_order(folder, len(tokens.shards), total):
            block.keys.tofile(keys)
            block.numbers.astype(kind).tofile(numbers)
            heads[1:] += count_heads(block.keys, bits)
            done += len(block.keys)
            advance(0.5 + 0.5 * done / max(total, 1))
    np.save(folder / HEADS, heads.cumsum())
    np.save(folder / STARTS, np.array(starts))
    for left in [*folder.glob("keys-*.npy"), *folder.glob("numbers-*.npy")]:
        left.unlink()
    about = {"version": VERSION, "samples": total, "numbers": kind, "files": files}
    (folder / ABOUT).write_text(json.dumps(about), "utf-8")


def _in_order(folder: Path, parts: int, total: int) -> Iterator[Samples]:
    """All samples by key, a bucket of keys at a time: keys are hashes, so that most buckets are equally large."""
    names = [[folder / f"{kind}-{number}.npy" for kind in ("keys", "numbers")] for number in range(parts)]
    buckets = -(-total // BLOCK)
    inner = np.array([(bucket << 64) // buckets for bucket in range(1, buckets)], np.uint64)
    bounds = [
        np.concatenate([[0], np.searchsorted(keys := open_memmap(name, mode="r"), inner), [len(keys)]]) for name, _ in names
    ]
    for bucket in range(buckets):
        cuts = [slice(int(bound[bucket]), int(bound[bucket + 1])) for bound in bounds]
        read = [[open_memmap(each, mode="r")[cut] for each in both] for both, cut in zip(names, cuts, strict=True)]
        yield merge([Samples(keys, numbers) for keys, numbers in read])


def _signature(path: Path) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _flat_of(column: pa.ChunkedArray) -> Flat:
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64, copy=False)
    return Flat(lists.values.to_numpy(), offsets)
