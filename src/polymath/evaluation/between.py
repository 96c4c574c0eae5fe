"""Benchmarks between epochs: a suite put to the checkpoints of a run while its ranks wait."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.engine.save import save_plan
from polymath.errors import UserError
from polymath.evaluation.exams import Asking, Chosen, Exam, exams_of
from polymath.evaluation.harness import SCORED_ITEM
from polymath.evaluation.intervals import interval
from polymath.evaluation.models import Model
from polymath.evaluation.sitting import LIBRARIES, VERSION, score_exam
from polymath.evaluation.suites import Harness, Suites
from polymath.sources.benchmarks import Benchmarks
from polymath.store.digest import digest_json

CONFIDENCE = 0.95
SCORED = "scored"
"""Folder beside a run's checkpoints."""


class BetweenConfig(Asking):
    """Which benchmarks are scored while training goes on, and when."""

    PLACE: ClassVar[str] = "finetune.benchmarks"
    WITHOUT_FILES: ClassVar[str] = "[]"
    limit: int | None = Field(50, ge=1)
    """Items of each task of a benchmark, the first ones; null: all."""
    every_steps: int | None = Field(None, ge=1)
    """none given: with each validation. After the last step in any case."""

    @property
    def label(self) -> str:
        """A short word for what is asked: other dials are other scores, of the same checkpoints."""
        return digest_json(self.model_dump(mode="json", exclude={"every_steps", "batch", "device"}))[:12]


@dataclass(frozen=True)
class Examiner:
    """Puts the same exams to each checkpoint."""

    exams: Sequence[Exam]

    @classmethod
    def of(cls, asking: BetweenConfig, suites: Suites, harness: Harness, benchmarks: Benchmarks, root: Path) -> Examiner | None:
        """None where no suite is named; a UserError where one cannot be had, or is scored after training alone."""
        chosen = Chosen.of(asking, suites, harness)
        for name, why in chosen.left_out.items():
            raise UserError(f"{asking.PLACE}.suite: {name} is not scored: {why}")
        if chosen.held_out or chosen.probes:
            raise UserError(
                f"{asking.PLACE}.suite: {' '.join(asking.suite)} asks for held-out answers or probes, which evaluate scores "
                "when the model has learnt; name benchmarks here, or the suite convergence"
            )
        exams = exams_of(chosen, asking, harness, benchmarks, root)
        return cls([exam for tasks in exams.values() for exam in tasks]) if exams else None

    @property
    def names(self) -> list[str]:
        """The benchmarks."""
        return list(dict.fromkeys(exam.benchmark for exam in self.exams))

    def score(self, checkpoint: Path) -> dict[str, dict[str, Any]]:
        """Mean, interval and number of items of each benchmark's main metric. Killed, it goes on with the next task.

        `checkpoint`: a folder of `checkpoints/` of a run.
        """
        model = Model(str(checkpoint))
        items = tuple(Item(exam.task.name, (model, exam), 1) for exam in self.exams)
        plan = Plan(SCORED, score_exam, items, version=VERSION, libraries=LIBRARIES, engine=EngineConfig(workers=1))
        found = save_plan(plan, checkpoint.parents[1] / SCORED / checkpoint.name)
        metrics = {exam.benchmark: exam.entry.metric for exam in self.exams}
        values: dict[str, list[float]] = defaultdict(list)
        for row in (found.read() if found.shards else SCORED_ITEM.empty_table()).to_pylist():
            wanted = metrics[row["benchmark"]]
            values[row["benchmark"]] += [score["score"] for score in row["scores"] if score["metric"] == wanted]
        return {name: {"metric": metrics[name], **_sure(scores)} for name, scores in values.items()}


def _sure(scores: list[float]) -> dict[str, Any]:
    found = interval(scores, CONFIDENCE, 0)
    return {"score": found.mean, "low": found.low, "high": found.high, "items": found.items}
