"""Harness: benchmarks by lm-eval, one task of one model a shard, so that a run that was killed goes on with the next task."""

from pathlib import Path

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.evaluation.exams import Chosen, exams_of
from polymath.evaluation.sitting import LIBRARIES, VERSION, score_exam
from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.sources.benchmarks import Benchmarks
from polymath.training.trained import Trained


def score_items(
    trained: Trained | None,
    evaluate: EvaluateConfig,
    suites: Suites,
    harness: Harness,
    benchmarks: Benchmarks,
    files_root: str,
    engine: EngineConfig,
) -> Plan:
    """What each model says to each item of each benchmark of the suite, scored by lm-eval."""
    chosen = Chosen.of(evaluate, suites, harness)
    exams = exams_of(chosen, evaluate, harness, benchmarks, Path(files_root))
    models = evaluate.models(trained)
    every = [(model, exam) for model in models for tasks in exams.values() for exam in tasks]
    items = tuple(Item(f"{model.label}-{exam.task.name}", (model, exam), 1) for model, exam in every)
    return Plan("harness", score_exam, items, version=VERSION, libraries=LIBRARIES, engine=evaluate.engine(engine))
