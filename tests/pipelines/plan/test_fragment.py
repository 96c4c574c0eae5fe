"""Fragment: the plan as parameters that the stages take."""

import pytest
import yaml
from omegaconf import OmegaConf

from polymath.pipelines.curate.tracks import MixConfig
from polymath.pipelines.plan.fragment import LEAST_STEPS, list_parameters
from polymath.pipelines.pretrain.config import PretrainConfig
from polymath.planning.shapes import Shapes
from tests.pipelines.plan.made import asked, made
from tests.test_presets import parameters_of


def fragment(folders, question):
    return list_parameters(folders["training_plan"], folders["memory_needs"], question).table["page"][0].as_py()


def test_it_names_the_nearest_shape_its_rate_and_the_stage_that_fits(tmp_path):
    text = fragment(made(tmp_path), asked())
    told = yaml.safe_load(text)["pretrain"]
    assert told["model"] == {"name": "gpt_neo_1.3b", "gradient_checkpointing": True}
    rate = {"optimizer": {"learning_rate": 2e-4}}
    assert told["train"] == {"precision": "bf16", "track": "pretrain.1", "steps": None, **rate}
    assert told["hardware"] == {"micro_batch": 1, "zero": 0, "offload": "none"}
    assert text.startswith("# kedro run --pipeline=plan: 1,000")


def test_curate_takes_its_part_as_it_is(tmp_path):
    folders = made(tmp_path)
    mix = MixConfig.model_validate(yaml.safe_load(fragment(folders, asked()))["mix"])
    [near] = [row for row in folders["training_plan"].read().to_pylist() if row["nearest"]]
    assert mix.tracks["pretrain.1"].budget_tokens == near["tokens"]
    assert mix.tracks["pretrain.1"].sequence_tokens == 2048
    assert mix.tracks["pretrain.1"].batch_sequences == 256


@pytest.mark.parametrize("count", [8, 24])
def test_a_small_budget_has_small_batches_that_the_ranks_can_share(tmp_path, count):
    given = {"budget": {"flop": 1e15}, "hardware": {"count": count}}
    track = yaml.safe_load(fragment(made(tmp_path, **given), asked(**given)))["mix"]["tracks"]["pretrain.1"]
    batch, length, tokens = (track[name] for name in ("batch_sequences", "sequence_tokens", "budget_tokens"))
    assert batch % count == 0
    assert batch < 256
    assert batch == count or tokens >= LEAST_STEPS * (batch - count) * length


def test_pretrain_takes_its_part_as_it_is_and_spends_the_whole_budget_in_one_stage(tmp_path):
    told = yaml.safe_load(fragment(made(tmp_path), asked()))["pretrain"]
    base = parameters_of("base")["pretrain"]
    assert base["stages"]  # which a merged null leaves out
    merged = OmegaConf.to_container(OmegaConf.merge(base, told))  # as Kedro merges conf/local into conf/base
    [stage] = PretrainConfig.model_validate(merged).curriculum.values()
    assert (stage.model.name, stage.train.track, stage.train.steps) == ("gpt_neo_1.3b", "pretrain.1", None)
    assert stage.train.optimizer.learning_rate == 2e-4
    assert (stage.train.precision, stage.hardware.zero, stage.train.validation.by) == ("bf16", 0, "source")


@pytest.mark.parametrize(("kind", "precision"), [("v100_32gb", "fp16"), ("cpu_core", "fp32")])
def test_a_processor_trains_in_the_precision_that_it_has(tmp_path, kind, precision):
    given = {"hardware": {"kind": kind}}
    told = yaml.safe_load(fragment(made(tmp_path, **given), asked(**given)))
    assert told["pretrain"]["train"]["precision"] == precision


def test_it_is_empty_where_the_library_has_no_shape(tmp_path):
    none = Shapes.model_validate({})
    assert yaml.safe_load(fragment(made(tmp_path, models=none), asked())) == {}


def test_stages_that_start_from_a_model_which_is_not_there_yet_have_no_part(tmp_path):
    assert set(yaml.safe_load(fragment(made(tmp_path), asked()))) == {"mix", "pretrain"}
