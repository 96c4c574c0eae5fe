"""`python -m benchmarks.training [--steps N]`: tokens a second of finetune against TRL's SFTTrainer, in one run.

The same fresh model, the same documents with the same loss masks, the same number of tokens in a batch, 32-bit numbers, AdamW,
one process. TRL packs the documents itself (best-fit decreasing). Tokens are those of documents: padding counts for neither.
Also: how long it takes from `kedro run` to the first step, and how much of a step's time its data take.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.corpus import WORK
from benchmarks.project import kedro
from benchmarks.run import QUIET, thread_limits
from polymath.training.trained import Trained

PROJECT = WORK / "training"
CORES = 2
"""And threads, of both."""
ROUNDS = 2
"""Each is run so often, in turns, since a machine is not equally fast all the time; the best counts."""


def main() -> None:
    """Curate the embedded sources, train on them both ways, print tokens a second and the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--steps", type=int, default=32, help="global batches of the schedule")
    steps = parser.parse_args().steps
    project = _curated()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(_finetune(project, steps))
        theirs.append(_in_own_process(project, steps))
    print("| trainer | tokens/s | loss of the last step |\n| --- | --- | --- |")
    for name, found in (("finetune", ours), ("TRL SFTTrainer, packing", theirs)):
        best = max(found, key=lambda each: each["speed"])
        print(f"| {name} | {best['speed']:,.0f} | {best['loss']:.3f} |")
    print(f"\nfrom kedro run to the first step {min(each['start'] for each in ours):.1f} s")
    print(f"data loading {min(each['loading'] for each in ours):.2%} of a step's time")
    print(f"ratio {max(each['speed'] for each in ours) / max(each['speed'] for each in theirs):.2f}")


def _curated() -> Path:
    """A project with the default mix."""
    from tests.conftest import new_project

    if not PROJECT.exists():
        PROJECT.parent.mkdir(parents=True, exist_ok=True)
        new_project(PROJECT)
    kedro(PROJECT, "run", "--pipeline=curate", cores=CORES)
    return PROJECT


def _finetune(project: Path, steps: int) -> dict[str, float]:
    """Tokens a second over the steps after the first, which warms up."""
    seed = time.time_ns() % 2**31  # another seed is another run: nothing is taken as it stands
    dials = f"finetune.train.steps={steps},finetune.train.validation.sequences_per_task=1,finetune.train.seed={seed}"
    words = ("run", "--pipeline=finetune", "--namespaces=finetune.prepare,finetune.train", f"--params={dials}")
    started = time.time()
    kedro(project, *words, cores=CORES, threads=CORES)
    trained = Trained.find(project / "data/05_models/finetune")
    assert trained is not None
    lines = [line for line in trained.log() if "loss" in line]
    begun = lines[0]["time"] - lines[0]["seconds"] - started
    step = statistics.median(line["seconds"] for line in lines[1:])
    return {**speed(lines), "start": begun, "loading": _loading(trained, steps) / step}


def _loading(trained: Trained, steps: int) -> float:
    """Seconds in which the batches of a step are read and laid out, as the trainer does it."""
    from polymath.store.folder import ShardFolder
    from polymath.training.collate import Collator
    from polymath.training.stages.sft import rows_for
    from polymath.training.tracks import Track, TrainingSet

    run, data = trained.job.run, trained.job.data
    folders = (ShardFolder.open(path) for path in (data.tokens, data.sequences, data.schedule))
    items = TrainingSet(Track(*folders, run.train.track), steps)
    collate, size = Collator(0, rows_for(run)), run.layout.micro_batch
    collate([items[0]])  # the first opens the shards
    started = time.perf_counter()
    for first in range(0, len(items), size):
        collate([items[slot] for slot in range(first, min(first + size, len(items)))])
    return (time.perf_counter() - started) / steps


def speed(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Tokens a second of the steps after the first, and the last one's loss."""
    rates = [line["tokens"] / line["seconds"] for line in lines[1:]]
    return {"speed": statistics.median(rates), "loss": lines[-1]["loss"]}


def _in_own_process(project: Path, steps: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.training_peer", str(project), str(steps)]
    environment = {**os.environ, **QUIET, **thread_limits(CORES)}
    said = subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout
    return speed(json.loads(said.strip().splitlines()[-1]))


if __name__ == "__main__":
    main()
