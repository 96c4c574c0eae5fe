"""A curriculum's dials: what its stages have in common, what is each one's own, and in which order they stand."""

import pytest

from polymath.errors import UserError
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.pipelines.pretrain.prepare import sought
from tests.test_presets import parameters_of


def curriculum(**given):
    return PretrainConfig.model_validate(given).curriculum


def test_a_stage_has_its_own_dials_and_all_others_in_common():
    common = {"precision": "bf16", "optimizer": {"beta_2": 0.9, "learning_rate": 0.1}, "validation": {"by": "source"}}
    own = {"track": "pretrain.2", "tokens": 100, "learning_rate": 0.01, "schedule": "wsd", "validate_every": 5, "patience": 2}
    stages = curriculum(train=common, stages={"broad": {}, "careful": own})
    assert list(stages) == ["broad", "careful"]
    broad, careful = (stage.train for stage in stages.values())
    assert (broad.track, broad.optimizer.learning_rate, broad.optimizer.schedule) == ("sft", 0.1, "cosine")
    assert (careful.track, careful.tokens, careful.precision) == ("pretrain.2", 100, "bf16")
    assert (careful.optimizer.learning_rate, careful.optimizer.schedule, careful.optimizer.beta_2) == (0.01, "wsd", 0.9)
    assert (careful.validation.every_steps, careful.validation.patience, careful.validation.by) == (5, 2, "source")


def test_a_stage_of_null_is_left_out_and_without_stages_there_is_one():
    assert list(curriculum(stages={"broad": {"steps": 1}, "careful": None})) == ["broad"]
    assert list(curriculum(stages={"broad": None})) == list(curriculum(stages=None)) == ["pretrain.1"]
    assert curriculum()["pretrain.1"].train.validation.by == "source"


def test_a_typo_in_a_stage_is_an_error_that_names_it():
    with pytest.raises(UserError, match=r"stages\.broad\.step: unknown key; did you mean 'steps'"):
        curriculum(stages={"broad": {"step": 1}})


def test_errors_of_a_track_name_the_stage_that_asks_for_it():
    given = PretrainConfig.model_validate({"stages": {"broad": {"track": "pretrain.9"}}})
    assert [run.dials for run in sought(given)] == [{"train.track": "stages.broad.track"}]


@pytest.mark.parametrize(
    ("env", "stages"),
    [
        ("base", {"broad": "pretrain.1", "careful": "pretrain.1"}),
        ("tiny", {"broad": "pretrain.1", "careful": "pretrain.1"}),
        ("curriculum", {"broad": "pretrain.1", "edited": "pretrain.2", "chosen": "pretrain.3"}),
    ],
)
def test_the_environments_have_a_curriculum_over_tracks_that_they_make(env, stages):
    parameters = parameters_of(env)
    found = PretrainConfig.model_validate(parameters["pretrain"]).curriculum
    assert {name: stage.train.track for name, stage in found.items()} == stages
    assert all(parameters["mix"]["tracks"][track] for track in stages.values())
    rates = [stage.train.optimizer.learning_rate or 1 for stage in found.values()]
    assert rates == sorted(rates, reverse=True)
    assert {stage.train.validation.by for stage in found.values()} == {"source"}
