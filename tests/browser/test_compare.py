"""The page of two runs side by side, in the light, in the dark and on a telephone."""

from pathlib import Path

import pytest

from tests.browser.chromium import find_chromium
from tests.reporting.compare.made_runs import make_runs
from tests.running import kedro

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    find_chromium()
    page = tmp_path_factory.mktemp("compared") / "comparison.html"
    assert kedro(make_runs(tmp_path_factory).project, "compare", "first", "second", "--html", str(page)).returncode == 0
    return page


def test_it_is_complete_in_itself_and_says_first_what_changed(seen, page):
    assert seen.strangers(page) == []
    assert seen.complaints == []
    assert "met another fate" in seen.text("h1")


def test_nothing_sticks_out_of_the_window_but_what_scrolls(seen):
    assert seen.sticking_out() == []


def test_both_values_of_a_dial_are_within_the_window(seen):
    row = "[...document.querySelectorAll('#set tbody tr')].find(row => row.innerText.includes('dedup.verify.threshold'))"
    assert seen.run(f"[...({row}).querySelectorAll('td')].map(cell => cell.innerText)") == ["0.8", "0.6"]
    assert seen.run(f"({row}).lastElementChild.getBoundingClientRect().right <= innerWidth")


def test_nothing_serious_bars_readers_by_keyboard_or_by_ear(seen):
    assert seen.barriers() == []
