"""The page of an evaluation, in the light, in the dark and on a telephone."""

from pathlib import Path

import pytest

from polymath.reporting.evaluation.page import write_page
from tests.browser.chromium import Tab
from tests.reporting.evaluation.made import config, made

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evaluation") / "evaluation.html"
    text = write_page(made(), config(left_out={"human_eval": "it runs programs"})).table["page"][0].as_py()
    path.write_text(text.replace("<details>", "<details open>"), "utf-8")
    return path


@pytest.fixture(scope="module", params=[(1280, False), (1280, True), (375, False)], ids=["light", "dark", "telephone"])
def tab(tmp_path_factory: pytest.TempPathFactory, page: Path, request: pytest.FixtureRequest):
    with Tab(tmp_path_factory.mktemp("profile")) as tab:
        tab.open(page, *request.param)
        yield tab


def test_it_is_complete_in_itself(tab, page):
    assert [url for url in tab.requests if not url.startswith("data:")] == [page.resolve().as_uri()]
    assert tab.complaints == []


def test_nothing_sticks_out_of_the_window_but_what_scrolls(tab):
    outside = "e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll, nav, .skip')"
    assert tab.run(f"[...document.querySelectorAll('main *')].filter(e => {outside}).map(e => e.outerHTML.slice(0, 80))") == []


def test_nothing_serious_bars_readers_by_keyboard_or_by_ear(tab):
    assert tab.barriers() == []
