"""The training runs of a project: finding one by a word, how far it came, and whether its mix is the one that stands here."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from polymath.errors import UserError, unknown
from polymath.reporting.card.words import listed
from polymath.reporting.trace import Chapter, Load
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tracking.record import MIN_PART, RunRecord, find_run
from polymath.training.config import RunConfig
from polymath.training.trained import Trained

TAG = "trained"
"""Of a record of `kedro runs`: the name of the folder that its run trained into."""
READ = ("tokens", "sequences", "schedule")
"""Datasets that say what stood in a step."""
LISTED = 8


def training_runs(folders: Iterable[Path]) -> list[Trained]:
    """Every run below these, finished or not, in the order of their beginnings. What cannot be read is left out."""
    found = []
    paths = [path for folder in folders for path in folder.glob("*/run.json")]
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path)):
        run = Trained(path.parent)
        with contextlib.suppress(OSError, ValueError):
            run.job  # noqa: B018 (it is read here, and kept)
            found.append(run)
    return found


def find_training(runs: list[Trained], records: list[RunRecord], word: str) -> Trained:
    """The training run that a word names: its key or the beginning of it, or a run of `kedro runs` that trained."""
    mine = [record for record in records if TAG in record.tags]
    keys = [run.folder.name for run in runs]
    begun = [run for run in runs if len(word) >= MIN_PART and run.job.run.key.startswith(word)]
    if len(begun) > 1:
        raise UserError(f"trace --run: {word!r} stands for {len(begun)} runs: {', '.join(run.folder.name for run in begun)}")
    if not begun:
        with contextlib.suppress(UserError):
            key = find_run(mine, word).tags[TAG]
            begun = [run for run in runs if run.folder.name == key]
    if not begun:
        raise unknown("trace --run", word, "training run", [*keys, *(record.name for record in mine[-10:])])
    return begun[0]


def last_step(run: Trained) -> int:
    """The step of the finished model; else the last one that was trained. 0 before the first."""
    with contextlib.suppress(FileNotFoundError):
        return int(run.result["step"])
    return max((int(line["step"]) for line in run.log() if "loss" in line), default=0)


def digests_here(load: Load) -> dict[str, str]:
    """Of the datasets of READ as they stand here."""
    return {name: load(name).digest for name in READ}


def changed_datasets(here: dict[str, str], run: RunConfig) -> list[str]:
    """Those of READ that are not what the run was trained on."""
    return [name for name, digest in here.items() if digest != run.mix.digests[name]]


def check_mix(load: Load, run: Trained, what: str) -> None:
    """A UserError where the mix has been made anew since. `what`: the thing that cannot be told then."""
    if changed := changed_datasets(digests_here(load), run.job.run):
        raise UserError(
            f"trace --run {run.folder.name}: the mix has been made anew since ({', '.join(changed)}), so that {what} cannot be "
            "told any more; make its mix again, with the parameters that it had then (kedro runs, kedro compare)"
        )


def track_shard(folder: ShardFolder, track: str) -> Shard:
    """A track's part of `sequences` or `schedule`."""
    return next(shard for shard in folder.shards if shard.name == track)


def tell_training(load: Load, runs: list[Trained], story: list[Chapter]) -> list[Chapter]:
    """Which of the runs saw a record, and in which steps, after the chapters that tell where its examples are packed."""
    packed = [chapter.facts for chapter in story if chapter.step == "pack" and "steps" in chapter.facts]
    here = digests_here(load) if packed and runs else {}
    chapters = []
    for run in runs:
        track, before = run.job.run.train.track, run.job.run.begins
        every = {step + 1 - before for facts in packed if facts["track"] == track for step in facts["steps"]}
        drawn = sorted(step for step in every if step > 0)
        if not drawn or changed_datasets(here, run.job.run):
            continue
        last = last_step(run)
        seen = [step for step in drawn if step <= last]
        steps = listed([f"{step:,}" for step in seen], LISTED)
        told = f"saw it in step{'s' * (len(seen) > 1)} {steps}" if seen else "did not come to it"
        facts = {"run": run.folder.name, "steps": seen}
        chapters.append(Chapter(run.job.run.stage, f"{run.name} {told} (of {last:,})", facts))
    return chapters
