"""Whether packed documents see each other, architecture by architecture."""

import pytest
from transformers import AutoConfig

from polymath.planning.shapes import ANATOMIES
from polymath.training.leaks import packs_safely

SAFE = {"llama": True, "cohere": True, "gpt_neox": True, "mpt": False, "gpt_neo": True}


@pytest.mark.parametrize("kind", ANATOMIES)
def test_architectures_of_the_library_pack_or_are_known_not_to(kind):
    assert packs_safely(AutoConfig.for_model(kind)) == SAFE[kind]
