"""`kedro run --pipeline=align`, as a user runs it, over pairs that curate's own packing and schedule made."""

import pytest

from polymath.training.trained import Trained
from tests.running import folder, kedro
from tests.training.aligning import base_model, examples_of
from tests.training.mixes import make_mix

TRACKS = {"preference": {}}


@pytest.fixture(scope="module")
def project(make_project, tmp_path_factory):
    """A project with a mix of pairs, and a model to start from."""
    made = make_project()
    mix = make_mix(made / "data/04_tokens", tracks=TRACKS, pair=True, planted=True)
    examples_of(made / "data/04_tokens/examples", mix.mix.tokens)
    base_model(mix, make_mix(tmp_path_factory.mktemp("plain")), made)
    return made


WORDS = ("run", "--pipeline=align", "--env=tiny")
DIALS = (
    "model.name=base",
    "train.optimizer.learning_rate=0.01",
    "rewards.weights.model=0",
    "rewards.weights.format=1",
    r"rewards.format=\w",
)
FROM = ",".join(f"align.{dial}" for dial in DIALS)


@pytest.fixture(scope="module")
def said(project):
    result = kedro(project, *WORDS, f"--params={FROM}")
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def trained(project):
    found = Trained.find(project / "data/05_models/align")
    assert found is not None
    return found


def test_it_says_what_each_rank_will_need_and_leaves_a_model(said, project):
    told = " ".join(said.split())
    assert "4 steps of 4 pairs (track preference) on 1 CPU rank" in told
    assert "each rank needs about" in told
    assert "model data/05_models/align/" in told
    assert trained(project).job.run.objective.kind == "dpo"


def test_the_aligned_model_answers_beside_the_one_that_it_was(said, project):
    rows = [row for table in folder(project, "align_replies").tables() for row in table.to_pylist()]
    steps = {(row["role"], row["step"]) for row in rows}
    assert {("start", 0), ("aligned", 4)} <= steps
    assert all(row["prompts"] == "held out" and 0 <= row["reward"] <= 1 for row in rows)
    asked = {row["id"] for row in rows}
    assert all(sum(row["id"] == each and row["role"] == "start" for row in rows) == 2 for each in asked)


def test_the_page_holds_it_against_best_of_n_and_what_it_was(said, project):
    page = (project / "data/07_reports/align/align.html").read_text("utf-8")
    for words in ("What its replies earn", "the best of 2 of the starting model", "How much its replies vary", "distinct-2"):
        assert words in page


@pytest.mark.proof
def test_with_rewards_it_learns_from_replies_of_its_own(make_project, tmp_path_factory):
    project = make_project()
    mix = make_mix(project / "data/04_tokens", tracks={"prompts": {"kind": "prompts"}})
    examples_of(project / "data/04_tokens/examples", mix.mix.tokens)
    base_model(mix, make_mix(tmp_path_factory.mktemp("plain")), project)
    dials = ("method=grpo", "train.track=prompts", "grpo.replies=4", "grpo.max_new_tokens=8")
    params = "--params=" + ",".join([FROM, *(f"align.{dial}" for dial in dials)])
    result = kedro(project, *WORDS, params)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "4 steps of 16 replies to 4 prompts (track prompts) on 1 CPU rank" in " ".join(result.stdout.split())
    steps = [line["measured"] for line in trained(project).log() if "loss" in line]
    assert all({"reward", "kl", "entropy", "rewards/format/mean"} <= set(step) for step in steps)
    page = (project / "data/07_reports/align/align.html").read_text("utf-8")
    for words in ("What its replies earn", "rewards/format/mean", "kl", "self-BLEU"):
        assert words in page
    trained_at = (trained(project).folder / "result.json").stat().st_mtime_ns
    assert kedro(project, *WORDS, params).returncode == 0
    assert (trained(project).folder / "result.json").stat().st_mtime_ns == trained_at
