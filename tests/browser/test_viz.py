"""Kedro-Viz as a person uses it: opened, unfolded, clicked, read; served from the project, and as a static site."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polymath.datasets.previews import TASK_COLOURS
from tests.browser.served import ServedTab, free_port, serving
from tests.conftest import ROOT
from tests.running import folder, kedro

pytestmark = [pytest.mark.browser, pytest.mark.proof]  # a server and a browser, a minute together

SIDE = ".pipeline-metadata"
BOX = ".pipeline-node"


@pytest.fixture(scope="module")
def viz(two_runs: Path) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "kedro", "viz", "run", "--no-browser", f"--port={port}", "--env=tiny"]
    with serving(command, address, two_runs):
        yield address


def names(tab: ServedTab) -> list[str]:
    """Of the boxes that are drawn."""
    return tab.run(f"[...document.querySelectorAll({json.dumps(BOX)})].map(box => box.textContent.trim())")


def open_dag(tab: ServedTab, address: str, **options: str) -> None:
    """The DAG of curate."""
    tab.visit(f"{address}/?" + "&".join(f"{name}={value}" for name, value in {"pid": "curate", **options}.items()))
    tab.wait(f"document.querySelectorAll({json.dumps(BOX)}).length")


def open_dataset(tab: ServedTab, address: str, name: str) -> None:
    """The side panel of a dataset, all boxes unfolded."""
    open_dag(tab, address, expandAllPipelines="true", sn=name)
    tab.wait(f"(side => side && side.innerText.includes({json.dumps(name)}))(document.querySelector({json.dumps(SIDE)}))")


@pytest.fixture(scope="module")
def tab(served_tab: ServedTab) -> ServedTab:
    """A tab to which Kedro-Viz does not offer its tour, which would cover the boxes."""
    untoured = "localStorage.KedroViz = JSON.stringify({...JSON.parse(localStorage.KedroViz || '{}'), showFeatureHints: false})"
    served_tab.order("Page.addScriptToEvaluateOnNewDocument", source=untoured)
    return served_tab


def test_it_opens_unfolds_and_shows_the_books_where_one_clicks(tab, viz, two_runs):
    open_dag(tab, viz)
    assert sorted(names(tab)) == ["curate", "data_card", "run_record"]
    tab.click_until(BOX, "curate", f"document.querySelectorAll({json.dumps(BOX)}).length > 30")
    assert {"curate.ingest", "records", "curate.books"} <= set(names(tab))
    tab.click_until(BOX, "books", f"!!document.querySelector('{SIDE} table')")
    shown = tab.run(f"document.querySelector('{SIDE} table').innerText")
    assert shown.split()[:3] == ["source", "made", "kept"]
    for line in folder(two_runs, "books").read().to_pylist():
        if line["ledger"] == "records" and line["count"]:
            assert f"{line['count']:,}" in shown


def test_every_dataset_that_is_made_has_its_numbers(tab, viz, two_runs):
    open_dataset(tab, viz, "records")
    rows = f"{folder(two_runs, 'records').rows:,}"
    tab.wait(f"document.querySelector('{SIDE}').innerText.replace(/\\s/g, '').includes('{rows}rows')")
    open_dataset(tab, viz, "data_card")
    tab.wait(f"document.querySelector('{SIDE}').innerText.includes('file size')")
    assert "N/A" not in tab.text(SIDE)


@pytest.mark.parametrize(
    ("name", "axis", "words"),
    [
        ("fates", "records kept, and removed for each reason", ["python_code", "kept", "too few words"]),
        ("weights", "share of the tokens that each track draws", ["sft", "pretrain.1", "extractive qa"]),
        ("token_counts", "tokens to train on, by source", ["python_questions", "code"]),
    ],
)
def test_figures_say_what_they_show(tab, viz, name, axis, words):
    open_dataset(tab, viz, name)
    tab.wait(f"!!document.querySelector('{SIDE} .plot-container')")
    tab.click_until("button", "Expand preview", "!!document.querySelector('.pipeline-plotly__modal .plot-container')")
    tab.wait_for(axis)
    shown = tab.run("[...document.querySelectorAll('.plot-container text')].map(text => text.textContent).join('\\n')")
    for word in words:
        assert word in shown


def test_the_cards_key_numbers_are_sentences(tab, viz, two_runs):
    open_dataset(tab, viz, "data_card")
    tab.wait_for("records were made of them")
    kept = sum(line["count"] for line in folder(two_runs, "books").read().to_pylist() if line["line"] == "kept")
    assert f"{kept:,} records are kept" in tab.seen()


def test_the_tracks_of_the_schedule_stand_side_by_side(tab, viz):
    open_dataset(tab, viz, "schedule")
    tab.wait(f"!!document.querySelector('{SIDE} table')")
    shown = tab.run(f"document.querySelector('{SIDE} table').innerText")
    for word in ("track", "steps", "task deviation", "sft", "pretrain.1"):
        assert word in shown


def test_datasets_that_people_click_first_stand_out(tab, viz):
    open_dag(tab, viz, expandAllPipelines="true")
    tab.wait(f"document.querySelectorAll({json.dumps(BOX)}).length > 30")
    fill = f"""Object.fromEntries([...document.querySelectorAll({json.dumps(BOX)})].map(
        box => [box.textContent.trim(), getComputedStyle(box.querySelector('.pipeline-node__bg')).fill]))"""
    fills = tab.run(fill)
    assert fills["books"] == fills["data_card"] != fills["signatures"]


def test_the_styles_name_datasets_that_exist():
    styles = json.loads((ROOT / ".viz" / "styles.json").read_text("utf-8"))
    catalog = (ROOT / "conf/base/catalog/curate.yml").read_text("utf-8")
    assert all(f"\n{name}:\n" in catalog for name in styles)


def test_tasks_have_the_colours_of_the_data_card():
    style = (ROOT / "src/polymath/reporting/card/templates/style.css").read_text("utf-8")
    first = style.index("--t1:")
    assert tuple(re.findall(r"--t\d+: (#[0-9a-f]{6})", style[first:])[: len(TASK_COLOURS)]) == TASK_COLOURS


@pytest.mark.proof
def test_the_static_site_shows_previews_without_the_project(tab, two_runs):
    built = kedro(two_runs, "viz", "build", "--include-previews")
    assert built.returncode == 0, built.stderr
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with serving([sys.executable, "-m", "http.server", str(port)], address, two_runs / "build"):
        open_dag(tab, address)
        open_dataset(tab, address, "books")
        tab.wait(f"!!document.querySelector('{SIDE} table')")
        assert "python_questions" in tab.run(f"document.querySelector('{SIDE} table').innerText")
