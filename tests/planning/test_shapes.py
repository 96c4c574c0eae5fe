"""Shapes: parameters counted from a configuration are those that were published."""

import pytest

from polymath.errors import UserError
from polymath.planning.shapes import Shapes
from tests.pipelines.plan.made import shapes

PUBLISHED = {
    "palm_150m": 144_811_776, "palm_410m": 410_149_888, "palm_1b": 983_861_248,
    "mpt_7b": 6_649_286_656, "gpt_neox_20b": 20_554_567_680,
    "gpt_neo_125m": 125_198_592, "gpt_neo_1.3b": 1_315_575_808, "gpt_neo_2.7b": 2_651_307_520,
    "pythia_70m": 70_426_624, "pythia_160m": 162_322_944, "pythia_410m": 405_334_016, "pythia_1b": 1_011_781_632,
    "pythia_1.4b": 1_414_647_808, "pythia_2.8b": 2_775_208_960, "pythia_6.9b": 6_857_302_016, "pythia_12b": 11_846_072_320,
    "llama2_7b": 6_738_415_616, "llama2_13b": 13_015_864_320, "llama2_70b": 68_976_648_192,
}  # fmt: skip
"""Of the published weights; of PaLM-like ones, as transformers makes them."""
PYTHIA_WITHOUT_EMBEDDINGS = {
    "pythia_70m": 18_915_328, "pythia_160m": 85_056_000, "pythia_410m": 302_311_424, "pythia_1b": 805_736_448,
    "pythia_1.4b": 1_208_602_624, "pythia_2.8b": 2_517_652_480, "pythia_6.9b": 6_444_163_072, "pythia_12b": 11_327_027_200,
}  # fmt: skip
"""Table 1 of Biderman 2023 (2304.01373)."""


def test_every_shape_of_the_library_has_the_published_number_of_parameters():
    library = {name: shape.parameters for name, shape in shapes().root.items()}
    assert library.pop("tiny") < 4_000_000 < library.pop("small") < 20_000_000  # ours, and of no paper
    assert library == PUBLISHED


@pytest.mark.parametrize("name", PYTHIA_WITHOUT_EMBEDDINGS)
def test_embeddings_and_head_are_what_pythias_counts_leave_out(name):
    anatomy = shapes().root[name].anatomy
    assert anatomy.parameters - 2 * anatomy.vocabulary * anatomy.hidden == PYTHIA_WITHOUT_EMBEDDINGS[name]


def test_adapters_of_llama_beside_every_matrix_have_the_known_size():
    """39,976,960 for rank 16, as peft prints for the 7 B model with all linear modules as targets."""
    assert shapes().root["llama2_7b"].anatomy.adapter_parameters(16) == 39_976_960


def library(**architecture):
    return {"mine": {"architecture": architecture, "learning_rate": 1e-4, "source": "me"}}


def test_an_architecture_that_cannot_be_counted_is_told_with_the_nearest_one():
    with pytest.raises(UserError, match=r"'gpt_nex' cannot be counted; did you mean 'gpt_ne"):
        Shapes.model_validate(library(model_type="gpt_nex"))


def test_a_key_that_counting_needs_is_named():
    with pytest.raises(UserError, match="llama needs intermediate_size"):
        Shapes.model_validate(library(model_type="llama", hidden_size=8, num_attention_heads=2))
