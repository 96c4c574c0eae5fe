"""The page of a training plan, in the light, in the dark and on a telephone."""

from pathlib import Path

import pytest

from polymath.reporting.plan.page import write_page
from tests.browser.chromium import find_chromium
from tests.pipelines.plan.made import asked, counts_of, made

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    find_chromium()
    folder = tmp_path_factory.mktemp("plan")
    folders = made(folder, counts_of(folder / "counts", train=50_000_000))
    path = folder / "plan.html"
    path.write_text(write_page(*folders.values(), asked()).table["page"][0].as_py(), "utf-8")
    return path


def test_it_is_complete_in_itself(seen, page):
    assert seen.strangers(page) == []
    assert seen.complaints == []


def test_nothing_sticks_out_of_the_window_but_what_scrolls(seen):
    assert seen.sticking_out() == []


def test_nothing_serious_bars_readers_by_keyboard_or_by_ear(seen):
    assert seen.barriers() == []
