"""The pipeline as a user runs it: without a mix, with one, and with mistakes."""

import re

import pytest
import yaml

from polymath.store.folder import ShardFolder
from tests.pipelines.plan.made import counts_of
from tests.running import digests, kedro


@pytest.fixture(scope="module")
def planned(make_project):
    project = make_project()
    return project, kedro(project, "run", "--pipeline=plan")


def test_it_runs_without_a_mix_and_says_what_the_budget_comes_to(planned):
    project, result = planned
    assert result.returncode == 0, result.stderr
    assert "1.36\u202fB parameters on 30.5\u202fB tokens" in result.stdout
    assert "none in this project yet" in result.stdout
    assert (project / "data/07_reports/plan/plan.html").read_text().startswith("<!doctype html>")
    assert yaml.safe_load((project / "data/07_reports/plan_fragment/plan.yml").read_text())["pretrain"]
    record = next(project.glob("data/07_reports/runs/*/record.json")).read_text()
    assert '"name": "plan"' in record
    assert not re.search(r'"(models|hardware)\.', record)  # libraries are no dials


def test_a_mix_is_found_and_the_plan_says_how_often_it_is_passed_over(planned):
    project, _ = planned
    before = digests(project)
    counts_of(project / "data/04_tokens/token_counts", train=500_000_000)
    result = kedro(project, "run", "--pipeline=plan")
    assert "500\u202fM training tokens: 63.2 epochs" in result.stdout
    assert "more than 4" in result.stdout
    after = digests(project)
    assert before["training_plan"] != after["training_plan"]
    assert before["iso_flop_curves"] == after["iso_flop_curves"]
    assert ShardFolder.open(project / "data/07_reports/training_plan").manifest.inputs["token_counts"]


@pytest.mark.parametrize(
    ("dials", "told"),
    [
        ("plan.budget.money=5,plan.budget.flop=1e20", "a budget is one of money, gpu_hours and flop"),
        ("plan.hardware.kind=h10", "did you mean 'h100'"),
    ],
)
def test_a_mistake_is_one_sentence(planned, dials, told):
    result = kedro(planned[0], "run", "--pipeline=plan", f"--params={dials}")
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr
