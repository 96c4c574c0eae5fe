"""The tiny model of the tests of evaluation, and benchmarks in files."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.sources.benchmarks import Benchmarks
from tests.evaluation.conftest import speaker, talker

__all__ = ["speaker", "talker"]

SUITES = Suites.model_validate({"two": "cats mmlu", "own": ["held_out"], "quick": ["held_out", "probes"]})
HARNESS = Harness.model_validate(
    {
        "cats": {"file": "hellaswag/hellaswag.yaml", "metric": "acc_norm", "shots": 0},
        "mmlu": {
            **{"file": "mmlu/default/mmlu_{}.yaml", "parts": "anatomy virology astronomy", "metric": "acc", "shots": 1},
            **{"layout": "mmlu", "shots_path": "mmlu/dev/*.csv"},
        },
        "code": {"file": "humaneval/humaneval.yaml", "metric": "pass@1", "executes": True},
    }
)
BENCHMARKS = Benchmarks.model_validate(
    {
        "cats": {"kind": "files", "path": "cats.jsonl", "item": "ctx_a", "licence": "CC0"},
        "mmlu": {
            **{"kind": "files", "path": "mmlu/test/*.csv", "item": "question", "licence": "CC0"},
            "read": {"columns": "question A B C D answer"},
        },
        "code": {"kind": "hub", "path": "nobody/has_this", "item": "prompt", "licence": "CC0"},
    }
)


def cat(number: int) -> dict[str, Any]:
    text = f"The cat number {number} sat on the mat by the old mill and looked at the river."
    endings = ["It purred.", "It flew away.", f"It counted to {number}.", "It was a stone."]
    return {"ctx_a": text, "ctx_b": "it", "activity_label": "Cats", "endings": endings, "label": number % 4}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight items of cats, and two subjects of MMLU with an example each."""
    root = tmp_path_factory.mktemp("files")
    (root / "cats.jsonl").write_text("".join(json.dumps(cat(number)) + "\n" for number in range(8)))
    for split, subject, rows in (
        ("test", "anatomy", 3),
        ("test", "virology", 2),
        ("dev", "anatomy", 1),
        ("dev", "virology", 1),
    ):
        (root / "mmlu" / split).mkdir(parents=True, exist_ok=True)
        lines = [f"What is {number} plus one in {subject}?,{number},{number + 1},7,8,B\n" for number in range(rows)]
        (root / "mmlu" / split / f"{subject}_{split}.csv").write_text("".join(lines))
    return root


def dials(model: Path | str, **given: Any) -> EvaluateConfig:
    return EvaluateConfig.model_validate({"model": str(model), "device": "cpu", "batch": 4, **given})


def rows(folder: Any, *columns: str) -> list[dict[str, Any]]:
    table: pa.Table = folder.read(columns or None)
    return list(table.to_pylist())
