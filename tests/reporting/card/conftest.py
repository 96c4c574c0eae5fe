from pathlib import Path

import pytest

from tests.reporting.card.hostile import make_card


@pytest.fixture(scope="session")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over data that tries to break a page."""
    return make_card(tmp_path_factory.mktemp("wild") / "project")
