"""`kedro run --pipeline=reward`, as a user runs it, over a mix that curate's own packing and schedule made."""

import json

import pytest

from polymath.errors import UserError
from polymath.pipelines.reward.config import RewardConfig
from polymath.pipelines.reward.prepare import pretraining_rate, sought
from polymath.training.build import check_scorable
from polymath.training.objectives import Pairwise
from polymath.training.trained import Trained
from tests.running import kedro
from tests.training.mixes import SHAPES, job, make_mix

TRACKS = {"preference": {}, "preference.pretraining": {}}
CHAIN = "reward.pretraining.steps=3,reward.pretraining.language_weight=0.5"
WORDS = ("run", "--pipeline=reward", "--env=tiny", f"--params={CHAIN}")


@pytest.fixture(scope="module")
def made(make_project):
    """A project with a mix of two tracks of pairs, and the mix."""
    project = make_project()
    return project, make_mix(project / "data/04_tokens", tracks=TRACKS, pair=True, planted=True)


@pytest.fixture(scope="module")
def project(made):
    return made[0]


@pytest.fixture(scope="module")
def said(project):
    result = kedro(project, *WORDS)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def trained(project):
    found = Trained.find(project / "data/05_models/reward")
    assert found is not None
    return found


def test_it_says_what_was_learnt_and_how_often_it_is_right(said, project):
    told = " ".join(said.split())
    assert "trained tiny-preference.pretraining, then tiny-preference:" in told
    assert "of the held-out pairs" in told
    assert "perplexity" not in told
    assert "next kedro run --pipeline=align" in told
    assert trained(project).result["step"] == 4


def test_preference_model_pretraining_comes_first_with_its_own_track_rate_and_loss(said, project):
    first, second = (each.job.run for each in trained(project).chain)
    assert (first.train.track, first.steps) == ("preference.pretraining", 3)
    assert (second.train.track, second.steps) == ("preference", 4)
    assert first.learning_rate == pytest.approx(0.01 * second.learning_rate)
    assert (first.objective.language_weight, second.objective.language_weight) == (0.5, 0.0)
    log = [json.loads(line) for line in (trained(project).chain[0].folder / "log.jsonl").read_text().splitlines()]
    assert all("language_loss" in line["measured"] for line in log if "loss" in line)


def test_its_page_tells_how_far_the_rewards_can_be_trusted(said, project):
    page = (project / "data/07_reports/reward/reward.html").read_text()
    for words in ("How often it is right", "Reliability", "What length has to do with it", "pairs seen, repeats counted"):
        assert words in page
    assert "packed documents see each other" not in page
    assert "Only 16 pairs were held out" in " ".join(page.split())
    measured = trained(project).result["measured"]
    assert f"{measured['accuracy']:.0%}" in page


def test_what_it_leaves_says_that_it_scores(said, project):
    card = (trained(project).model / "README.md").read_text()
    assert "pipeline_tag: text-classification" in card
    assert "| accuracy |" in card


@pytest.mark.parametrize(
    ("dials", "sentence"),
    [
        ({"pretraining": {"track": "pretrain.1"}}, "reward.pretraining.track: 'pretrain.1' is not a track of this mix"),
        (
            {"model": {"name": "meta/llama"}, "pretraining": {}},
            "reward.pretraining.learning_rate: none given, and by which rate 'meta/llama' was pretrained is not known",
        ),
    ],
)
def test_what_pretraining_needs_and_has_not_is_said_before_any_work(made, dials, sentence):
    with pytest.raises(UserError, match=sentence):
        sought(RewardConfig.model_validate(dials), SHAPES, made[1].mix)


def test_the_rate_of_pretraining_is_that_of_the_shape_that_a_model_of_ours_began_as(made, tmp_path):
    done = job(made[1], tmp_path, objective=Pairwise(), train={"track": "preference"})
    done.folder.mkdir()
    (done.folder / "run.json").write_text(done.model_dump_json())
    assert pretraining_rate(str(done.folder / "model"), SHAPES) == SHAPES.root["small"].learning_rate


def test_a_given_rate_needs_no_other(made):
    dials = RewardConfig.model_validate({"model": {"name": "meta/llama"}, "pretraining": {"learning_rate": 1e-5}})
    first, _ = sought(dials, SHAPES, made[1].mix)
    assert first.config.train.optimizer.learning_rate == 1e-5


def test_a_model_that_cannot_score_is_refused_before_any_work(made, tmp_path):
    architecture = {
        "model_type": "cohere",
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "vocab_size": 320,
    }
    start = job(made[1], tmp_path, objective=Pairwise(), train={"track": "preference"}).run.start
    with pytest.raises(UserError, match="is a cohere model, of which transformers has none that scores"):
        check_scorable(start.model_copy(update={"architecture": architecture}))
