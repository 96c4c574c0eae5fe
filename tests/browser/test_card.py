"""The data card as a person uses it: opened without a network, clicked, read."""

from pathlib import Path

import pytest

from tests.browser.chromium import Tab, find_chromium
from tests.reporting.card.hostile import NAME, SCRIPT, card_of, make_card
from tests.running import copy_of, made_once

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    find_chromium()
    return card_of(copy_of(made_once(tmp_path_factory, "wild", make_card), tmp_path_factory))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    with Tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(browser, card):
    browser.open(card)
    return browser


def test_it_opens_without_a_network_and_asks_for_nothing(tab, card):
    assert tab.strangers(card) == []
    assert tab.complaints == []


def test_hostile_text_is_read_and_never_run(tab):
    assert tab.run("window.hacked") is None
    assert tab.run("document.querySelectorAll('img').length") == 0
    assert tab.run("getComputedStyle(document.body).display") != "none"
    assert NAME in tab.text(".eyebrow")
    assert SCRIPT.split("<img")[0] in tab.run("document.body.textContent")


def test_the_head_says_in_one_sentence_what_became_of_what(tab):
    assert "rows from 3 sources became" in tab.text("h1")
    assert "books balance" in tab.text(".badges")
    assert tab.run("document.querySelectorAll('.four .figure').length") == 4


def test_the_digest_is_copied(tab):
    tab.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    tab.click(".digest .copy")
    assert tab.text(".digest .copy") == "copied"
    assert len(tab.run("window.copied")) == 32
    assert tab.run("window.copied").startswith(tab.text(".digest code"))


def test_a_number_shows_the_command_behind_it_and_a_click_copies_it(tab):
    tab.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    tab.click(".four button.n")
    assert tab.run("window.copied") == "kedro trace --reason kept"
    assert tab.text("#hint") == "kedro trace --reason kept copied"


def test_tables_are_walked_with_the_arrows(tab):
    tab.run("document.querySelector('.reasons td[data-trace]').focus()")
    first = tab.text("#hint code")
    tab.press("ArrowDown")
    assert tab.text("#hint code") != first
    assert tab.run("document.querySelectorAll('.reasons td[tabindex=\"0\"]').length") == 1
    tab.press("Escape")
    assert tab.run("document.getElementById('hint').hidden")


def test_a_track_is_chosen_once_for_all_parts(tab):
    tab.click("#mix [role=tab][data-name='pretrain.1']")
    for part in ("mix", "weights", "batches"):
        shown = f"[...document.querySelectorAll('#{part} .panel')].filter(p => !p.hidden).map(p => p.dataset.tab)"
        assert tab.run(shown) == ["pretrain.1"], part
    tab.press("ArrowLeft")
    assert tab.run("document.querySelector('#batches [role=tab][aria-selected=true]').textContent") == "sft"


def test_examples_are_shown_task_by_task_with_what_is_masked(tab):
    tab.click("#read [role=tab][data-name=instruct]")
    panel = "#read .panel[data-tab=instruct]"
    assert "### Instruction:" in tab.text(f"{panel} .masked")
    assert tab.text(f"{panel} .trained kbd") == "<|endoftext|>"
    assert tab.run(f"document.querySelector('{panel}').offsetHeight") > 0
    assert tab.run("document.querySelector('#read .panel[data-tab=text]').offsetHeight") == 0


def test_a_filter_opens_to_its_chart_and_its_records(tab):
    chart = ".filter:has(.chart)"
    tab.run(f"document.querySelector('{chart}').open = false")
    tab.click(f"{chart} summary")
    assert tab.run(f"document.querySelector('{chart}').open")
    assert "limit" in tab.text(f"{chart} .limit")
    assert "kedro trace wild_" in tab.text(f"{chart} .sides")


def test_differences_of_near_duplicates_are_marked(tab):
    assert tab.text(".twin .removed mark") == "That was"


@pytest.mark.parametrize("width", [375, 768, 1600])
def test_nothing_is_wider_than_the_window(browser, card, width):
    browser.open(card, width)
    assert browser.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (375, False)])
def test_nothing_serious_bars_readers_by_keyboard_or_by_ear(browser, card, width, dark):
    browser.open(card, width, dark)
    browser.run("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert browser.barriers() == []


def test_light_and_dark_follow_the_reader(browser, card):
    def paper() -> str:
        return str(browser.run("getComputedStyle(document.body).backgroundColor"))

    browser.open(card)
    light = paper()
    browser.open(card, dark=True)
    assert paper() != light


def test_on_paper_nothing_stays_folded(tab):
    tab.order("Emulation.setEmulatedMedia", media="print")
    assert tab.run("[...document.querySelectorAll('.panel')].every(panel => panel.offsetHeight > 0)")
    assert tab.run("getComputedStyle(document.querySelector('nav')).display") == "none"
    tab.order("Emulation.setEmulatedMedia", media="")
