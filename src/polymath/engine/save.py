"""Running a plan into a folder: take what is there, make what is missing, write the manifest last."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from polymath.engine.contract import Item, Plan, still_fits
from polymath.engine.local import run_tasks
from polymath.engine.progress import Progress, tell
from polymath.store.digest import digest_strings
from polymath.store.folder import MANIFEST, Manifest, ShardFolder
from polymath.store.shards import Entry, Format, Shard, find_shard, write_shard

logger = logging.getLogger(__name__)

Task = tuple[Plan, Item, str, Path, Format, list[Entry], tuple[Shard, ...]]


def save_plan(plan: Plan, folder: Path, form: Format = "parquet") -> ShardFolder:
    """Run `plan` into `folder` and return the finished dataset; a rerun with equal keys does and writes nothing."""
    started = time.monotonic()
    names = [item.name for item in plan.items]
    assert len(set(names)) == len(names), f"{plan.step}: two items of one name"
    keys = {item.name: plan.key(item) for item in plan.items}
    key = digest_strings(keys.values())
    manifest = Manifest.read(folder)
    if manifest and (manifest.key == key or _keeps(plan, manifest)) and _all_there(plan, folder, manifest):
        total = sum(item.size for item in plan.items)
        tell(Progress(plan.step, total, total, _rows(manifest.shards), _bytes(manifest.shards), 0.0, True, True))
        return ShardFolder(folder, manifest)

    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*.tmp"):  # by a killed run; on a disk that is full they would be in the way
        left.unlink()
    # The old manifest goes first: it must not name shards that are about to be replaced.
    (folder / MANIFEST).unlink(missing_ok=True)
    entries = _complete(plan, keys, folder, form, started, manifest)
    spent = round(time.monotonic() - started, 3)
    made = Manifest(plan.step, key, tuple(entries), dict(plan.inputs), plan.made_with, spent)
    made.write(folder)
    _sweep(folder, made)
    return ShardFolder(folder, made)


def _complete(
    plan: Plan, keys: dict[str, str], folder: Path, form: Format, started: float, before_it: Manifest | None
) -> list[Entry]:
    """Every item's entries in the items' order: found on disk, or made now."""
    known = {entry.name: entry for entry in before_it.shards} if before_it else {}
    found = {item.name: _found(plan, item, keys[item.name], folder, form, known) for item in plan.items}
    missing = [item for item in plan.items if not _is_whole(plan, found[item.name])]
    header, before = replace(plan, items=()), _previous(plan, folder, form, known)
    tasks: dict[str, Task] = {i.name: (header, i, keys[i.name], folder, form, found[i.name], before) for i in missing}
    total = sum(item.size for item in plan.items)
    done = total - sum(item.size for item in missing)
    sizes = {item.name: item.size for item in missing}

    def report(finished: bool = False) -> None:
        every = [entry for entries in found.values() for entry in entries]
        spent = time.monotonic() - started
        tell(Progress(plan.step, done, total, _rows(every), _bytes(every), spent, not missing, finished))

    report()
    for name, entries in run_tasks(run_item, tasks, sizes, plan.engine, plan.step):
        found[name] = entries
        done += sizes[name]
        report()
    report(finished=True)
    return [entry for item in plan.items for entry in found[item.name]]


def run_item(task: Task) -> list[Entry]:
    """Do one item in whichever process this is: call the work, write each piece, return the entries."""
    plan, item, key, folder, form, entries, previous = task
    entries = list(entries)
    after = entries[-1].note if entries else None
    for piece in plan.call(item, after, previous):
        name = f"{item.name}-{len(entries):05d}" if plan.streams else item.name
        entry = Entry(name, f"{name}.{form}", key, plan.base_key, note=piece.note)
        entries.append(write_shard(folder, entry, piece.table, piece.aside))
    return entries


def _previous(plan: Plan, folder: Path, form: Format, known: Mapping[str, Entry]) -> tuple[Shard, ...]:
    """What the same function and Config made here before, of whatever inputs: the manifest says so, or each file itself."""
    if not plan.reuses:
        return ()
    names = [path.stem for path in sorted(folder.glob(f"*.{form}"))]
    listed = {name: entry for name, entry in known.items() if _is_there(folder, entry)}
    found = [listed.get(name) or find_shard(folder, name, form) for name in names]
    return tuple(Shard(folder, entry) for entry in found if entry and entry.base == plan.base_key)


def _found(plan: Plan, item: Item, key: str, folder: Path, form: Format, known: Mapping[str, Entry]) -> list[Entry]:
    """The shards of this item that an earlier run finished under the same key, from the first one without a gap.

    `known`: what a manifest said of them. Without one, a shard says itself what it is, but not whether it is still sound.
    """
    entries: list[Entry] = []
    for name in _names(plan, item):
        entry = known.get(name)
        if entry is None or entry.key != key or not _is_there(folder, entry):
            entry = find_shard(folder, name, form)
        if entry is None or entry.key != key or (plan.engine.verify and not _is_sound(plan.step, folder, entry, name in known)):
            break
        entries.append(entry)
        if not plan.streams or entry.note.get("last"):
            break
    return entries


def _names(plan: Plan, item: Item) -> Iterator[str]:
    if not plan.streams:
        yield item.name
        return
    number = 0
    while True:
        yield f"{item.name}-{number:05d}"
        number += 1


def _is_whole(plan: Plan, entries: list[Entry]) -> bool:
    return bool(entries) and (not plan.streams or bool(entries[-1].note.get("last")))


def _keeps(plan: Plan, manifest: Manifest) -> bool:
    """Something fitted that still fits: it is kept although its inputs are others now."""
    if plan.fitted_on is None or not manifest.shards:
        return False
    made = manifest.shards[0]
    return made.base == plan.base_key and still_fits(made.note["fitted_on"], plan.fitted_on)


def _all_there(plan: Plan, folder: Path, manifest: Manifest) -> bool:
    """Every shard's files exist with their sizes; what is gone or cut is made again, and what is damaged when asked to look."""
    if not all(_is_there(folder, entry) for entry in manifest.shards):
        return False
    return not plan.engine.verify or all(Shard(folder, entry).is_sound for entry in manifest.shards)


def _is_there(folder: Path, entry: Entry) -> bool:
    path, aside = folder / entry.file, folder / entry.aside_file
    return path.exists() and path.stat().st_size == entry.bytes and (not entry.aside or aside.exists())


def _is_sound(step: str, folder: Path, entry: Entry, known: bool) -> bool:
    """Whether a shard is as it was written; says which one is not. The values are looked at where no manifest knew it."""
    sound = Shard(folder, entry if known else replace(entry, checksum="")).is_sound
    if not sound:
        told = f"{folder / entry.file} is damaged and is made again"
        logger.warning(told)
        tell(Progress(step, 0, 1, told=told))
    return sound


def _sweep(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: shards of an earlier choice, temporary files of a killed run."""
    named = {MANIFEST, *(e.file for e in manifest.shards), *(e.aside_file for e in manifest.shards if e.aside)}
    for path in folder.iterdir():
        if path.is_file() and path.name not in named:
            path.unlink()


def _rows(entries: Any) -> int:
    return sum(entry.rows for entry in entries)


def _bytes(entries: Any) -> int:
    return sum(entry.bytes for entry in entries)
