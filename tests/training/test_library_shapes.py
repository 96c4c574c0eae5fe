"""Every shape of the library that pretraining names can be prepared, and its family trains."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from polymath.form import FormConfig
from polymath.planning.shapes import Shapes
from polymath.training.build import architecture_of
from polymath.training.config import Machine, StageConfig
from polymath.training.prepare import Givens, prepare_run
from polymath.training.trained import Training
from tests.pipelines.plan.made import shapes
from tests.training.mixes import LICENCES, MACHINE, losses

RATES = {"palm_150m": 6e-4, "palm_410m": 3e-4, "palm_1b": 3e-4, "mpt_7b": 1.2e-4, "gpt_neo_125m": 6e-4, "gpt_neo_1.3b": 2e-4}
GPUS = Machine(kind="H100", gpus=True, ranks=4, memory=80 * 2**30, cpu_memory=128 * 2**30)
SMALL = {
    "cohere": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "head_dim": 16},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 2, "max_seq_len": 128},
    "gpt_neo": {"hidden_size": 32, "num_layers": 2, "num_heads": 2, "attention_types": [[["global", "local"], 1]],
                "max_position_embeddings": 128},
}  # fmt: skip


def prepared(made, name, library, machine, **dials):
    config = StageConfig.model_validate({"model": {"name": name}, "train": {"steps": 2, **dials}})
    run, need = prepare_run("pretrain", config, Givens(made.mix, library, FormConfig(), LICENCES, machine))
    return Training(run, made.data, need.total)


@pytest.mark.parametrize("name", RATES)
def test_a_shape_is_prepared_with_its_own_rate_and_counted_to_the_last_parameter(made, name):
    done = prepared(made, name, shapes(), GPUS, precision="bf16")
    assert done.run.learning_rate == RATES[name]
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(architecture_of(done.run.start))
    assert done.run.start.anatomy.parameters == sum(each.numel() for each in model.parameters())
    assert 0 < done.need < GPUS.memory


@pytest.mark.parametrize("kind", SMALL)
def test_a_small_model_of_the_family_learns(made, tmp_path, kind):
    from polymath.training.stages.sft import train

    whole = next(shape for shape in shapes().root.values() if shape.architecture["model_type"] == kind)
    small = Shapes({"small": whole.model_copy(update={"architecture": {**whole.architecture, **SMALL[kind]}})})
    job = prepared(made, "small", small, MACHINE, optimizer={"learning_rate": 0.01}).job(tmp_path)
    train(job)
    first, last = losses(job.folder)
    assert last < first
