"""Benchmarks between epochs: what is asked, and what of each checkpoint comes of it."""

from pathlib import Path

import pyarrow as pa
import pytest

from polymath.engine.contract import Piece
from polymath.errors import UserError
from polymath.evaluation import between
from polymath.evaluation.between import BetweenConfig, Examiner
from polymath.evaluation.harness import SCORED_ITEM
from polymath.sources.benchmarks import Benchmarks
from tests.evaluation.test_suites import conf


def examiner(suite, **given):
    suites, harness = conf()
    asking = BetweenConfig(suite=suite, **given)
    return Examiner.of(asking, suites, harness, Benchmarks.model_validate({}), Path())


def test_where_nothing_is_asked_nobody_asks():
    assert examiner(()) is None


@pytest.mark.parametrize(
    ("suite", "message"),
    [
        ("own", r"finetune\.benchmarks\.suite: own asks for held-out answers or probes, which evaluate scores"),
        ("human_eval", r"finetune\.benchmarks\.suite: human_eval is not scored: .*set finetune\.benchmarks\.execute_code=true"),
        ("convergense", r"finetune\.benchmarks\.suite: 'convergense' is not a suite; did you mean 'convergence'"),
    ],
)
def test_what_cannot_be_scored_between_epochs_is_told_before_any_work(suite, message):
    with pytest.raises(UserError, match=message):
        examiner((suite,))


def test_other_questions_are_other_scores_and_another_pace_is_not():
    asked = BetweenConfig(suite=("mmlu",))
    assert asked.label == asked.model_copy(update={"every_steps": 7}).label
    assert asked.label != asked.model_copy(update={"limit": 7}).label


class Exam:
    """One of two parts of a benchmark."""

    benchmark, dials = "sums", None
    entry = type("Entry", (), {"metric": "acc"})

    def __init__(self, part: str) -> None:
        self.task = type("Task", (), {"name": f"sums_{part}"})
        self.digest = part


def right_half(model, exam) -> Piece:
    rows = [
        {"model": model.name, "benchmark": exam.benchmark, "task": exam.task.name, "doc": n,
         "scores": [{"metric": "acc", "score": float(n % 2)}, {"metric": "acc_norm", "score": 1.0}]}
        for n in range(4)
    ]  # fmt: skip
    return Piece(pa.Table.from_pylist(rows, SCORED_ITEM), {})


def test_a_benchmark_in_parts_is_one_score_of_its_main_metric_with_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(between, "score_exam", right_half)
    checkpoint = tmp_path / "checkpoints" / "checkpoint-8"
    checkpoint.mkdir(parents=True)
    found = Examiner([Exam("easy"), Exam("hard")]).score(checkpoint)
    assert found["sums"]["score"] == 0.5
    assert found["sums"]["items"] == 8
    assert found["sums"]["metric"] == "acc"
    assert found["sums"]["low"] < 0.5 < found["sums"]["high"]
