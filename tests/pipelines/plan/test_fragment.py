"""Fragment: the plan as parameters that the stages take."""

import pytest
import yaml

from polymath.pipelines.curate.tracks import MixConfig
from polymath.pipelines.plan.fragment import list_parameters
from polymath.planning.shapes import Shapes
from polymath.training.config import StageConfig
from tests.pipelines.plan.made import asked, made


def fragment(folders, question):
    return list_parameters(folders["training_plan"], folders["memory_needs"], question).table["page"][0].as_py()


def test_it_names_the_nearest_shape_its_rate_and_the_stage_that_fits(tmp_path):
    text = fragment(made(tmp_path), asked())
    told = yaml.safe_load(text)["pretrain"]
    assert told["model"] == {"name": "gpt_neo_1.3b", "gradient_checkpointing": True}
    assert told["train"] == {"precision": "bf16", "optimizer": {"learning_rate": 2e-4}}
    assert told["hardware"] == {"micro_batch": 1, "zero": 0, "offload": "none"}
    assert text.startswith("# kedro run --pipeline=plan: 1,000")


def test_curate_takes_its_part_as_it_is(tmp_path):
    folders = made(tmp_path)
    mix = MixConfig.model_validate(yaml.safe_load(fragment(folders, asked()))["mix"])
    [near] = [row for row in folders["training_plan"].read().to_pylist() if row["nearest"]]
    assert mix.tracks["pretrain.1"].budget_tokens == near["tokens"]
    assert mix.tracks["pretrain.1"].sequence_tokens == 2048


@pytest.mark.parametrize(("kind", "precision"), [("v100_32gb", "fp16"), ("cpu_core", "fp32")])
def test_a_processor_trains_in_the_precision_that_it_has(tmp_path, kind, precision):
    given = {"hardware": {"kind": kind}}
    told = yaml.safe_load(fragment(made(tmp_path, **given), asked(**given)))
    assert told["pretrain"]["train"]["precision"] == told["finetune"]["train"]["precision"] == precision


def test_it_is_empty_where_the_library_has_no_shape(tmp_path):
    none = Shapes.model_validate({})
    assert yaml.safe_load(fragment(made(tmp_path, models=none), asked())) == {}


def test_finetune_takes_its_part_as_it_is(tmp_path):
    told = yaml.safe_load(fragment(made(tmp_path), asked()))["finetune"]
    stage = StageConfig.model_validate(told)
    assert stage.train.precision == "bf16"
    assert stage.hardware.micro_batch == told["hardware"]["micro_batch"]
