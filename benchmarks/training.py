"""`python -m benchmarks.training [--steps N]`: tokens a second of finetune against TRL's SFTTrainer, in one run.

The same fresh model, the same documents with the same loss masks, the same number of tokens in a batch, 32-bit numbers, AdamW,
one process. TRL packs the documents itself (best-fit decreasing). Tokens are those of documents: padding counts for neither.
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
from benchmarks.run import QUIET

PROJECT = WORK / "training"
ROUNDS = 2
"""Each is run so often, in turns, since a machine is not equally fast all the time; the best counts."""


def main() -> None:
    """Curate the embedded sources, train on them both ways, print tokens a second and the ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--steps", type=int, default=4, help="global batches of the schedule")
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
    print(f"\nratio {max(each['speed'] for each in ours) / max(each['speed'] for each in theirs):.2f}")


def _curated() -> Path:
    """A project with the default mix."""
    from tests.conftest import new_project

    if not PROJECT.exists():
        PROJECT.parent.mkdir(parents=True, exist_ok=True)
        new_project(PROJECT)
    kedro(PROJECT, "run", "--pipeline=curate", cores=2)
    return PROJECT


def _finetune(project: Path, steps: int) -> dict[str, float]:
    """Tokens a second over the steps after the first, which warms up."""
    from polymath.training.trained import Trained

    seed = time.time_ns() % 2**31  # another seed is another run: nothing is taken as it stands
    dials = f"finetune.train.steps={steps},finetune.train.validation.sequences_per_task=1,finetune.train.seed={seed}"
    words = ("run", "--pipeline=finetune", "--namespaces=finetune.prepare,finetune.train", f"--params={dials}")
    kedro(project, *words, cores=2)
    trained = Trained.find(project / "data/05_models/finetune")
    assert trained is not None
    return speed([line for line in trained.log() if "loss" in line])


def speed(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Tokens a second of the steps after the first, and the last one's loss."""
    rates = [line["tokens"] / line["seconds"] for line in lines[1:]]
    return {"speed": statistics.median(rates), "loss": lines[-1]["loss"]}


def _in_own_process(project: Path, steps: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.training_peer", str(project), str(steps)]
    said = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, **QUIET}).stdout
    return speed(json.loads(said.strip().splitlines()[-1]))


if __name__ == "__main__":
    main()
