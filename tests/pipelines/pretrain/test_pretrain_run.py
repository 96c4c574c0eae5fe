"""`kedro run --pipeline=pretrain`, as a user runs it, over two tracks that curate's own packing and schedule made."""

import re

import pytest

from polymath.training.trained import Trained
from tests.running import kedro
from tests.training.mixes import make_mix

STAGES = """
pretrain:
  train: {validation: {sequences_per_task: 2}}
  stages:
    broad: {track: pretrain.1, steps: 3}
    careful: {track: pretrain.2, steps: 2, learning_rate: LAST}
"""
WORDS = ("run", "--pipeline=pretrain", "--env=tiny")


def set_stages(project, last):
    (project / "conf/tiny/parameters/pretrain.yml").write_text(STAGES.replace("LAST", str(last)))


@pytest.fixture(scope="module")
def project(make_project):
    made = make_project()
    make_mix(made / "data/04_tokens", tracks={"pretrain.1": {}, "pretrain.2": {"sources": "words"}}, task="text")
    set_stages(made, 0.001)
    return made


@pytest.fixture(scope="module")
def said(project):
    result = kedro(project, *WORDS)
    assert result.returncode == 0, result.stdout + result.stderr
    return " ".join(result.stdout.split())


def trained(project):
    found = Trained.find(project / "data/05_models/pretrain")
    assert found is not None
    return found


def test_each_stage_is_announced_and_the_whole_is_summed_up(said):
    assert "3 steps of 4 sequences (track pretrain.1) on 1 CPU rank" in said
    assert "2 steps of 4 sequences (track pretrain.2) on 1 CPU rank" in said
    assert re.search(r"trained tiny-broad, then tiny-careful: [\d,]+ parameters, 5 steps", said)
    assert re.search(r"learnt validation loss \S+ -> \S+, then \S+ -> \S+, perplexity", said)
    assert re.search(r"by source words \S+ -> \S+ ", said)
    assert re.search(r"next kedro run --pipeline=finetune --params=finetune.model.name=data/05_models/pretrain/\w+/model", said)


def test_each_stage_is_validated_by_the_sources_of_its_own_track(said, project):
    broad, careful = trained(project).chain
    assert set(broad.result["validation"]) == {"all", "sums", "words"}
    assert set(careful.result["validation"]) == {"all", "words"}
    assert set(careful.result["perplexity"]) == {"all", "words"}
    assert careful.job.run.learning_rate == 0.001


def test_the_stages_are_one_page(said, project):
    page = (project / "data/07_reports/pretrain/pretrain.html").read_text()
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "2 training runs, one after another" in text
    assert "in 5 steps" in text
    assert "pretrain.1, batches 1 to 3 pretrain.2, batches 1 to 2" in text


@pytest.mark.proof
def test_another_last_stage_trains_that_one_alone(said, project):
    broad = trained(project).chain[0]
    before = (broad.folder / "result.json").stat().st_mtime_ns
    set_stages(project, 0.0001)
    result = kedro(project, *WORDS)
    assert result.returncode == 0, result.stderr
    assert "track pretrain.1" not in " ".join(result.stdout.split())
    assert [run.job.run.learning_rate for run in trained(project).chain][1:] == [0.0001]
    assert trained(project).chain[0].folder == broad.folder
    assert (broad.folder / "result.json").stat().st_mtime_ns == before
