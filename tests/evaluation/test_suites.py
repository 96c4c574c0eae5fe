"""The suites of the project: every name in them leads to a task file of lm-eval or of ours."""

from pathlib import Path

import lm_eval.tasks
import pytest
import yaml

from polymath.errors import UserError
from polymath.evaluation.suites import Harness, Suites, needs_examples
from polymath.sources.benchmarks import Benchmarks
from tests.conftest import ROOT

CONF = ROOT / "conf" / "base" / "parameters"
LM_EVAL = Path(lm_eval.tasks.__file__).parent
OURS = ROOT / "src/polymath/evaluation/tasks"
FOLDERS = {"mmlu": "mmlu/default", "bbh": "bbh/cot_fewshot", "math": "hendrycks_math"}


def conf():
    given = yaml.safe_load((CONF / "suites.yml").read_text("utf-8"))
    return Suites.model_validate(given["suites"]), Harness.model_validate(given["harness"])


def test_every_suite_is_of_benchmarks_that_can_be_scored_and_looked_for():
    suites, harness = conf()
    found = list((CONF / "benchmarks").glob("*.yml"))
    library = Benchmarks.model_validate(
        {k: v for path in found for k, v in yaml.safe_load(path.read_text())["benchmarks"].items()}
    )
    for name in suites.root:
        assert suites.chosen((name,), harness, "suite")
    assert set(harness.root) <= set(library.root)


def test_every_part_has_a_task_file():
    for name, entry in conf()[1].root.items():
        for task in entry.tasks(name):
            home = OURS if task.file.startswith("polymath/") else LM_EVAL
            assert (home / task.file.removeprefix("polymath/")).is_file(), task


@pytest.mark.parametrize("name", FOLDERS)
def test_parts_are_all_of_lm_evals(name):
    entry = conf()[1].root[name]
    before, after = Path(entry.file).name.split("{}")
    files = [path.name for path in (LM_EVAL / FOLDERS[name]).glob(f"{before}*{after}") if not path.name.startswith("_")]
    parts = {file[len(before) : -len(after)] for file in files} - {"500"}
    assert {part for part in parts if not part.startswith("500")} == set(entry.parts)


def test_a_name_that_nothing_has_is_told_with_its_place():
    suites, harness = conf()
    with pytest.raises(UserError, match=r"evaluate\.suite: 'quik' is not a suite; did you mean 'quick'"):
        suites.chosen(("quik",), harness, "evaluate.suite")


def test_suites_and_benchmarks_may_be_named_together_and_count_once():
    suites, harness = conf()
    assert suites.chosen(("own", "convergence", "mmlu", "quick"), harness, "x") == ["held_out", "mmlu", "hellaswag", "probes"]


def test_examples_without_files_of_them_are_told_before_any_work():
    _, harness = conf()
    with pytest.raises(UserError, match=r"harness\.gsm8k: 5 examples are asked for"):
        needs_examples("gsm8k", harness.root["gsm8k"], None)
    needs_examples("gsm8k", harness.root["gsm8k"], 0)
    needs_examples("bbh", harness.root["bbh"], None)
