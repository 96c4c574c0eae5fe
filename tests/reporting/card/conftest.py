from pathlib import Path

import pytest

from tests.reporting.card.hostile import make_card
from tests.running import copy_of, made_once


@pytest.fixture(scope="session")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over data that tries to break a page."""
    return copy_of(made_once(tmp_path_factory, "wild", make_card), tmp_path_factory)
