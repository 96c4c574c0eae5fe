"""`kedro run --pipeline=assistant`: each stage goes on from the model that the one before has left."""

import pytest

from polymath.errors import UserError
from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.training_runs import on
from polymath.tracking.record import read_records
from polymath.training.config import StageConfig
from polymath.training.trained import STAGES, Trained
from tests.running import kedro

SOURCES = "python_topics python_questions python_code python_preferences"
WORDS = ("run", "--pipeline=assistant", "--env=tiny", f"--params=run.sources={SOURCES}")
BEFORE = {"finetune": "pretrained", "reward": "finetuned", "align": "finetuned"}


@pytest.fixture(scope="module")
def pipelines():
    return register_pipelines()


@pytest.mark.parametrize(("stage", "base"), BEFORE.items())
def test_a_stage_of_the_assistant_is_planned_on_the_model_of_the_one_before(pipelines, stage, base):
    (alone,) = [node for node in pipelines[stage].nodes if node.outputs == [f"{stage}_run"]]
    (chained,) = [node for node in pipelines["assistant"].nodes if node.outputs == [f"{stage}_run"]]
    assert chained.inputs[0] == base
    assert base not in alone.inputs or stage == "align"  # which takes what finetune left, unless the dials name a model


def test_the_assistant_evaluates_the_aligned_model(pipelines):
    asked = {name for node in pipelines["assistant"].nodes if "evaluate" in str(node.namespace) for name in node.inputs}
    assert "aligned" in asked
    assert "finetuned" not in asked


def test_a_round_goes_on_from_what_finetune_and_the_last_round_left(pipelines):
    (reward,) = [node for node in pipelines["round"].nodes if node.outputs == ["reward_run"]]
    (align,) = [node for node in pipelines["round"].nodes if node.outputs == ["align_run"]]
    assert reward.inputs[0] == "finetuned"
    assert {"aligned_before", "rewarded"} <= set(align.inputs)


def test_a_stage_without_the_one_before_says_which_command_makes_it():
    with pytest.raises(UserError, match=r"left no model here yet; run: kedro run --pipeline=assistant"):
        on(StageConfig(), None)


@pytest.mark.proof
def test_the_whole_chain_runs_once_and_is_one_record(make_project):
    project = make_project()
    result = kedro(project, *WORDS)
    assert result.returncode == 0, result.stdout + result.stderr
    models = {stage: Trained.find(project / f"data/05_models/{stage}") for stage in STAGES}
    for stage, base in BEFORE.items():
        before = next(name for name, dataset in STAGES.items() if dataset == base)
        assert models[stage].job.run.start.made_by == models[before].result["key"], stage
        assert (project / f"data/07_reports/{stage}/{stage}.html").exists()
    (record,) = read_records(project)
    assert [path.split("/")[2] for path in record.trainings] == [
        *["pretrain"] * len(models["pretrain"].chain), "finetune", "reward", "align"
    ]  # fmt: skip
    assert list(record.evaluations) == [models["align"].name]
    again = kedro(project, *WORDS)
    assert again.returncode == 0, again.stdout + again.stderr
    assert not [line for line in again.stdout.splitlines() if line.startswith("train ") and "unchanged" not in line]
