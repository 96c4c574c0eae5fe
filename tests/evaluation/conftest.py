"""A tiny model that has learnt a few replies by heart, made once for all tests of evaluation."""

from pathlib import Path

import pytest

from polymath.evaluation.talk import Speaker
from tests.evaluation.tiny import LEARNT, TEXT, learn, make_model, make_tokenizer, save


@pytest.fixture(scope="session")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that knows `LEARNT` and `TEXT`."""
    tokenizer, model = make_tokenizer(), make_model()
    learn(model, tokenizer, LEARNT, [TEXT])
    return save(tmp_path_factory.mktemp("talker") / "model", model, tokenizer)


@pytest.fixture(scope="session")
def speaker(talker: Path) -> Speaker:
    """The same, loaded."""
    return Speaker.load(str(talker))
