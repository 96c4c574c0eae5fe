"""One project with two runs, for the pages of Kedro-Viz and MLflow; and browsers, for them and for pages that are files."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.browser.chromium import Tab, find_chromium
from tests.browser.served import ServedTab
from tests.conftest import ROOT, track
from tests.running import run

DIAL = "clean.judge.recipes.web.too_few_words.min_words"
FEW, MANY = 50, 120


@pytest.fixture(scope="session")
def two_runs(make_project: Callable[[], Path]) -> Path:
    """A project in which curate ran with two thresholds; both runs are in MLflow."""
    find_chromium()
    project = make_project()
    (project / ".viz").mkdir()
    shutil.copy(ROOT / ".viz" / "styles.json", project / ".viz")
    track(project, patience=120)
    run(project, "--env=tiny")
    run(project, "--env=tiny", f"--params={DIAL}={MANY}")
    return project


@pytest.fixture(scope="module", params=[(1280, False), (1280, True), (375, False)], ids=["light", "dark", "telephone"])
def seen(tmp_path_factory: pytest.TempPathFactory, page: Path, request: pytest.FixtureRequest) -> Iterator[Tab]:
    """The `page` of a module as three readers have it."""
    with Tab(tmp_path_factory.mktemp("profile")) as tab:
        tab.open(page, *request.param)
        yield tab


@pytest.fixture(scope="module")
def served_tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedTab]:
    with ServedTab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab
