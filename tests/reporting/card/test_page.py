"""The page as a file: whole, escaped, alone, and the same whenever the same data makes it."""

import base64
import hashlib
import re
import shutil
from html.parser import HTMLParser

import pytest

from polymath.datasets.page import whole_page
from polymath.store.folder import ShardFolder
from tests.reporting.card.hostile import LICENCE, NAME, SCRIPT, WILD, card_of
from tests.running import kedro, run

VOID = {"meta", "link", "br", "wbr", "img", "input"}


class Reader(HTMLParser):
    """Tags, addresses and text of a page; and whether every tag that opens closes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        self.addresses += [value for name, value in attributes if name in ("href", "src", "action", "data", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> at {self.getpos()} closes something else"

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text += data


@pytest.fixture(scope="module")
def page(wild) -> str:
    return card_of(wild).read_text("utf-8")


@pytest.fixture(scope="module")
def read(page) -> Reader:
    return Reader(page)


def test_every_tag_that_opens_closes(read):
    assert read.open == []


def test_all_nine_parts_stand_in_their_order(page):
    places = [page.index(f'id="{name}"') for name in ("top", "rows", "mix", "weights", "batches", "removed", "read", "made")]
    assert places == sorted(places)
    assert "books balance" in page


def test_the_policy_of_licences_and_what_it_left_out_stand_on_the_page(read):
    assert "Licences: accepted were *, refused NC; left out: wild_denied." in " ".join(read.text.split())


def test_text_from_data_is_text_and_nothing_else(page, read):
    assert read.tags.count("script") == 1
    assert read.tags.count("style") == 1
    assert "img" not in read.tags
    assert read.handlers == []
    for text in (SCRIPT, NAME, LICENCE, "مرحبا بالعالم שלום 😀👩‍👩‍👧", "{{ 7 * 7 }}"):
        assert text in read.text, text


def test_marks_that_turn_the_direction_are_shown_by_number(read):
    assert "\u202e" not in read.text
    assert "⟨U+202E⟩evil" in read.text
    assert "\u202e" in WILD


def test_the_page_asks_for_nothing_from_outside(page, read):
    assert {address.split(":")[0][:1] if address.startswith("#") else address for address in read.addresses} <= {"#", "data:,"}
    styles = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in styles
    assert "@import" not in styles


def test_only_the_pages_own_script_may_run(page):
    script = page[page.index("<script>") + 8 : page.index("</script>")]
    allowed = re.search(r"script-src 'sha256-([^']+)'", page)
    assert allowed is not None
    assert allowed[1] == base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def test_the_page_is_small(page):
    assert len(page.encode()) < 1_500_000


def test_every_reason_and_source_stands_with_the_command_that_lists_it(page):
    for command in (
        "kedro trace --source wild_pairs",
        "kedro trace --reason benchmark_leak",
        "kedro trace --reason near_duplicate",
        "kedro trace --reason too_few_words",
        "kedro trace --quarantined",
    ):
        assert command in page, command


def test_the_commands_of_the_page_work(wild, page):
    said = kedro(wild, "trace", "--reason", "benchmark_leak").stdout
    assert "1 records" in said
    assert "lamps of the old harbour" in said
    identity = re.search(r"kedro trace (wild_pairs/\d+)<", page)
    assert identity is not None
    assert kedro(wild, "trace", identity[1]).returncode == 0


def test_report_prints_where_the_page_is(wild):
    result = kedro(wild, "report", "--path")
    assert result.stdout.strip() == str(card_of(wild))


def test_report_before_a_run_says_what_to_do(project):
    result = kedro(project, "report", "--path")
    assert result.returncode == 1
    assert "data_card is not made yet; run: kedro run --pipeline=curate" in result.stderr


def test_the_same_data_makes_the_same_card_and_a_rerun_makes_none(wild):
    page, folder = card_of(wild), card_of(wild).parent
    before, digest = page.read_bytes(), ShardFolder.open(folder).digest
    page.unlink()  # the file alone is written again from the shard
    said = run(wild, "--env=wild", "--params=engine.workers=1")
    assert re.search(r"report\s+=.*unchanged", said)
    assert page.read_bytes() == before
    shutil.rmtree(folder)  # made anew at another time, by another command
    run(wild, "--env=wild", "--params=engine.workers=1")
    assert ShardFolder.open(folder).digest == digest
    assert "engine.workers=1" in whole_page(ShardFolder.open(folder))
    assert page.read_bytes() != before
