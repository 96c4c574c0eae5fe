"""The index of a mix's training tokens on disk: made once, memory-mapped, looked into in milliseconds."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.lib.format import open_memmap

from polymath.reporting.tracing.spans import Flat, Runs, Samples, merge, sample, sample_count, shared_runs
from polymath.store.folder import ShardFolder
from polymath.store.lock import ProjectLock
from polymath.store.shards import Shard

VERSION = 1
PLACE = Path("data/08_index/spans")
ABOUT, KEYS, NUMBERS = "about.json", "keys.npy", "numbers.npy"
BLOCK = 2**22
"""Samples that are put in order at once."""
Advance = Callable[[float], None]
"""Told how far the work is, from 0 to 1."""


@dataclass(frozen=True)
class SpanIndex:
    """Samples of all training examples of `tokens`, and those tokens."""

    samples: Samples
    tokens: ShardFolder
    starts: np.ndarray
    """int64[shards + 1]: the number of each shard's first place."""
    files: dict[str, list[int]]
    """Size and time of each shard's file when the index was made, and the file's checksum was right."""
    _open: dict[int, Flat] = field(default_factory=dict)

    @classmethod
    def find(cls, folder: Path, tokens: ShardFolder) -> SpanIndex | None:
        """The finished index of these tokens below `folder`."""
        path = folder / tokens.digest
        if not (path / ABOUT).exists():
            return None
        about = json.loads((path / ABOUT).read_text("utf-8"))
        if about["version"] != VERSION:
            return None
        samples = Samples(np.load(path / KEYS, mmap_mode="r"), np.load(path / NUMBERS, mmap_mode="r"))
        return cls(samples, tokens, np.array(about["starts"]), about["files"])

    @cached_property
    def bytes(self) -> int:
        """On disk."""
        return int(self.samples.keys.nbytes + self.samples.numbers.nbytes)

    def runs(self, text: np.ndarray) -> Runs:
        """The runs of these ids that training examples hold; a corpus is a shard, a document its row."""
        return shared_runs(text, self.samples, self.starts, self._flat)

    def _flat(self, number: int) -> Flat:
        if number not in self._open:
            shard = self.tokens.shards[number]
            is_same = _signature(shard.path) == self.files[shard.name]
            self._open[number] = _read_mapped(shard.path) if is_same and shard.path.suffix == ".arrow" else _read(shard)
        return self._open[number]


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
        aside.rename(folder / tokens.digest)
    finally:
        lock.release()
    made = SpanIndex.find(folder, tokens)
    assert made is not None
    return made


def _write_index(folder: Path, tokens: ShardFolder, advance: Advance) -> None:
    starts, files = [0], {}
    for number, shard in enumerate(tokens.shards):
        flat = _read(shard)
        split = shard.read(["split"])["split"].cast(pa.string()).to_numpy(zero_copy_only=False)
        found = sample(flat, split == "train")
        np.save(folder / f"{number}.{KEYS}", found.keys)
        np.save(folder / f"{number}.{NUMBERS}", found.numbers + starts[-1])
        starts.append(starts[-1] + sample_count(len(flat.ids)))
        files[shard.name] = _signature(shard.path)
        advance((number + 1) / len(tokens.shards) * 0.5)
    parts = [_mapped(folder, f"{number}.") for number in range(len(tokens.shards))]
    total = sum(len(part.keys) for part in parts)
    keys = open_memmap(folder / KEYS, "w+", np.uint64, (total,))
    narrow = np.uint32 if starts[-1] < 2**32 else np.uint64
    numbers = open_memmap(folder / NUMBERS, "w+", narrow, (total,))
    done = 0
    for block in _in_order(parts, total):
        keys[done : done + len(block.keys)] = block.keys
        numbers[done : done + len(block.keys)] = block.numbers
        done += len(block.keys)
        advance(0.5 + 0.5 * done / max(total, 1))
    for written in (keys, numbers):
        written.flush()
    for number in range(len(parts)):
        for name in (KEYS, NUMBERS):
            (folder / f"{number}.{name}").unlink()
    (folder / ABOUT).write_text(json.dumps({"version": VERSION, "starts": starts, "files": files}), "utf-8")


def _in_order(parts: list[Samples], total: int) -> Iterator[Samples]:
    """All of them by key, a bucket of keys at a time: keys are hashes, so buckets are equally large."""
    buckets = -(-total // BLOCK) or 1
    inner = np.array([(bucket << 64) // buckets for bucket in range(1, buckets)], np.uint64)
    bounds = [np.concatenate([[0], np.searchsorted(part.keys, inner), [len(part.keys)]]) for part in parts]
    for bucket in range(buckets):
        cuts = [slice(int(bound[bucket]), int(bound[bucket + 1])) for bound in bounds]
        pieces = [Samples(part.keys[cut], part.numbers[cut]) for part, cut in zip(parts, cuts, strict=True)]
        if pieces:
            yield merge(pieces)


def _mapped(folder: Path, prefix: str) -> Samples:
    return Samples(*(np.load(folder / f"{prefix}{name}", mmap_mode="r") for name in (KEYS, NUMBERS)))


def _signature(path: Path) -> list[int]:
    status = os.stat(path)
    return [status.st_size, status.st_mtime_ns]


def _read(shard: Shard) -> Flat:
    """A shard's ids, its file looked at first."""
    return _flat_of(shard.read(["ids"])["ids"])


def _read_mapped(path: Path) -> Flat:
    """The ids of a file that was whole when it was indexed: looking at all of it again would take longer than the search."""
    with pa.memory_map(str(path)) as source:
        return _flat_of(pa.ipc.open_file(source).read_all()["ids"])


def _flat_of(column: pa.ChunkedArray) -> Flat:
    lists = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return Flat(lists.values.to_numpy()[offsets[0] : offsets[-1]], offsets - offsets[0])
