"""A look ahead: what an evaluation would trip over is told before any work."""

import importlib.util

import pytest
from kedro.io import DataCatalog, MemoryDataset

from polymath.errors import UserError
from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.evaluate.ahead import look_ahead
from tests.pipelines.evaluate.conftest import BENCHMARKS, HARNESS, SUITES, dials

EVALUATE = register_pipelines()["evaluate"]


def look(evaluate, files, pipeline=EVALUATE, **datasets):
    parameters = {
        "evaluate": evaluate,
        "suites": SUITES,
        "harness": HARNESS,
        "benchmarks": BENCHMARKS,
        "run.files_root": str(files),
    }
    given = {f"params:{name}": value for name, value in parameters.items()} | datasets
    look_ahead(pipeline, DataCatalog({name: MemoryDataset(value, copy_mode="assign") for name, value in given.items()}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"suite": "qick"}, r"evaluate\.suite: 'qick' is not a suite; did you mean 'quick'"),
        (
            {"suite": "code", "execute_code": True},
            r"code cannot be read .*choose a suite that needs none: evaluate\.suite=quick",
        ),
        ({"suite": "two", "few_shot": 3}, r"harness\.cats: 3 examples are asked for, and no files of them are named"),
        ({"suite": "two", "model": "./nothing"}, r"\./nothing: there is no such folder"),
        ({"suite": "two", "model": "nobody/has-this"}, "nobody/has-this is no folder here and not in the cache of the hub"),
        ({"suite": "two", "model": None}, r"evaluate\.model: none is named"),
        ({"suite": "own"}, "none was made here"),
    ],
)
def test_what_cannot_be_had_is_told(talker, files, given, told):
    with pytest.raises(UserError, match=told):
        look(dials(talker).model_validate({"model": str(talker), **given}), files)


@pytest.mark.parametrize("package", ["torch", "lm_eval"])
def test_what_is_not_installed_is_told(files, monkeypatch, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(UserError, match=r"run: pip install 'polymath\[train\]'"):
        look(dials("x"), files)


def test_what_this_run_makes_itself_is_not_looked_for(files):
    """In a run of all stages the model and the mix are still to come."""
    every = EVALUATE + register_pipelines()["finetune"] + register_pipelines()["curate"]
    look(dials("x").model_validate({"suite": "own"}), files, every)


def test_with_all_at_hand_nothing_is_told_and_other_pipelines_are_left_alone(talker, files):
    look(dials(talker, suite="two own"), files, mixed_tokens=object())
    look(dials("./nothing"), files, register_pipelines()["plan"])
