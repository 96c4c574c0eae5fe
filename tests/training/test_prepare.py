"""A run that is ready to launch: what would end it is found before it starts."""

from types import SimpleNamespace

import pytest

from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.planning.budget import GPU, GPUs
from polymath.planning.shapes import Shapes
from polymath.training.config import HardwareConfig, ModelConfig, StageConfig
from polymath.training.machine import find_machine
from polymath.training.objectives import Direct, NextToken
from polymath.training.prepare import Givens, _rate, prepare_run
from tests.training.mixes import MACHINE, SHAPES, job, make_mix, ranks, training


@pytest.mark.parametrize(
    ("machine", "dials", "message"),
    [
        (1, {"train": {"track": "stf"}}, "finetune.train.track: 'stf' is not a track of this mix; did you mean 'sft'"),
        (3, {}, "finetune.hardware: 3 ranks cannot share global batches of 4 sequences evenly; use 2 ranks"),
        (1, {"model": {"name": "smal"}}, "finetune.model.name: 'smal' is no shape, no folder"),
        (1, {"train": {"precision": "fp16"}, "hardware": {"zero": 0}}, "finetune.train.precision: fp16 needs DeepSpeed"),
    ],
)
def test_errors_name_the_dial(made, machine, dials, message):
    with pytest.raises(UserError, match=message):
        training(made, ranks(machine), **dials)


def test_pairs_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"finetune.train.track: 'sft' holds pairs"):
        training(make_mix(tmp_path, pair=True))


def test_a_batch_without_anything_to_learn_from_is_refused(tmp_path):
    with pytest.raises(UserError, match="no token of the first batch of 'sft' is trained on"):
        training(make_mix(tmp_path, silent=True))


def test_the_key_is_that_of_what_decides_the_outcome_and_not_of_where_it_runs(made):
    here = training(made).run.key
    assert training(made, ranks(2), hardware={"zero": 3}).run.key == here
    assert training(made, train={"optimizer": {"learning_rate": 0.5}}).run.key != here


def test_a_run_knows_its_composition_and_the_licences_of_its_sources(made):
    mix = training(made).run.mix
    assert set(mix.composition) == {"closed_qa", "instruct"}
    assert sum(mix.composition.values()) == pytest.approx(1, abs=1e-5)
    assert mix.licences == {"sums": "MIT", "words": "CC-BY-4.0"}


def test_it_validates_at_least_four_times(made):
    run = training(made, train={"steps": 8, "validation": {"every_steps": None}}).run
    assert run.validate_every == run.save_every == 2


KINDS = GPUs({"h100": GPU(peak_flops=989e12, memory_gib=80, price=3, source="a test")})


def test_named_gpus_have_the_memory_and_speed_of_the_library():
    machine = find_machine(HardwareConfig(kind="h100", gpus=8), KINDS)
    assert (machine.kind, machine.ranks, machine.memory, machine.peak_flops) == ("h100", 8, 80 * 2**30, 989e12)


def test_an_unknown_kind_of_hardware_is_named():
    with pytest.raises(UserError, match=r"^hardware.kind: 'h10' is not a kind of hardware; did you mean 'h100'"):
        find_machine(HardwareConfig(kind="h10", gpus=8), KINDS)


def test_a_hostfile_counts_its_slots(tmp_path):
    path = tmp_path / "hosts"
    path.write_text("one slots=8\n# a remark\ntwo slots=8\n")
    machine = find_machine(HardwareConfig(kind="h100", gpus=8, hostfile=str(path)), KINDS)
    assert (machine.ranks, machine.nodes) == (16, 2)
    path.write_text("one\n")
    with pytest.raises(UserError, match="each line is `name slots=8`"):
        find_machine(HardwareConfig(kind="h100", gpus=8, hostfile=str(path)), KINDS)


@pytest.mark.parametrize(
    ("kind", "lora", "rate"),
    [
        ("next_token", False, 2e-5),
        ("next_token", True, 2e-4),
        ("pairwise", False, 1e-5),
        ("dpo", False, 1e-6),
        ("grpo", True, 1e-5),
    ],
)
def test_a_model_from_elsewhere_gets_the_rate_that_is_usual_for_what_it_learns(kind, lora, rate):
    model = ModelConfig(name="meta/llama", lora={} if lora else None)
    assert _rate(model, SHAPES, SimpleNamespace(kind=kind)) == pytest.approx(rate)


def test_a_model_that_began_as_a_shape_here_gets_a_share_of_the_shapes_rate(made, tmp_path):
    done = job(made, tmp_path)
    done.folder.mkdir(parents=True)
    (done.folder / "run.json").write_text(done.model_dump_json())
    model = ModelConfig(name=str(done.folder / "model"))
    assert _rate(model, SHAPES, NextToken()) == pytest.approx(SHAPES.root["small"].learning_rate / 3)
    assert _rate(model, SHAPES, Direct()) == pytest.approx(SHAPES.root["small"].learning_rate / 30)


def test_another_rate_is_another_run(made):
    faster = Shapes({"small": SHAPES.root["small"].model_copy(update={"learning_rate": 0.02})})
    keys = []
    for shapes in (SHAPES, faster):
        givens = Givens(made.mix, shapes, FormConfig(), {}, MACHINE)
        keys.append(prepare_run("finetune", StageConfig(model={"name": "small"}), givens)[0].key)
    assert len(set(keys)) == 2
