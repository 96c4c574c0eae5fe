"""MLflow's pages as a person uses them: the list of runs read at a glance, two runs ticked and compared."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from polymath.tracking.mlflow_store import GLANCE, GLANCE_PAGE, VIEW
from polymath.tracking.record import read_records
from tests.browser.conftest import DIAL, FEW, MANY
from tests.browser.served import ServedTab, free_port, serving

pytestmark = [pytest.mark.browser, pytest.mark.proof]  # a server and a browser, a minute together

LIST = GLANCE_PAGE.format(id=1, view=VIEW)
ROW = '.ag-pinned-left-cols-container [row-index="{}"]'


@pytest.fixture(scope="module")
def mlflow(two_runs: Path) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "ui", "--workers=1", f"--port={port}", "--backend-store-uri=sqlite:///mlflow.db"]
    with serving(command, f"{address}/health", two_runs, MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false"):
        yield address


@pytest.fixture
def listed(served_tab: ServedTab, mlflow: str) -> ServedTab:
    """The list of runs, wide enough for all of its columns."""
    served_tab.order("Page.navigate", url="about:blank")  # else only the fragment changes, and nothing is loaded anew
    served_tab.visit(f"{mlflow}/{LIST}", width=2200)
    served_tab.wait(f"!!document.querySelector('{ROW.format(1)} a')")
    return served_tab


def test_the_experiment_leads_to_the_list(served_tab, mlflow):
    served_tab.visit(f"{mlflow}/#/experiments/1")
    served_tab.wait_for("At a glance")
    links = "[...document.querySelectorAll('a')].filter(link => link.textContent === 'At a glance')"
    assert served_tab.run(f"{links}.map(link => link.getAttribute('href'))") == [LIST]
    served_tab.run(f"{links}[0].removeAttribute('target')")  # it opens in a tab of its own
    served_tab.run(f"{links}[0].click()")
    served_tab.wait_for("records_kept")


def test_runs_are_told_apart_at_a_glance(listed, two_runs):
    records = read_records(two_runs)
    assert [record.name for record in records] == ["tiny", f"min_words={MANY} on tiny"]
    for place, record in enumerate(reversed(records)):
        assert listed.text(f"{ROW.format(place)} a") == record.name
        assert listed.run(f"(link => link.scrollWidth <= link.clientWidth)(document.querySelector('{ROW.format(place)} a'))")
    heads = """[...document.querySelectorAll('.ag-header-viewport .ag-header-cell')]
        .sort((one, other) => one.getBoundingClientRect().x - other.getBoundingClientRect().x)
        .map(head => head.innerText.trim()).slice(0, 7)"""
    listed.wait(f"JSON.stringify({heads}) === {json.dumps(json.dumps([*GLANCE, 'mix'], separators=(',', ':')))}")
    shown = listed.seen()
    for record in records:
        for name in ("records_kept", "training_tokens"):
            assert f"{record.metrics[name]:.0f}" in shown
        assert record.tags["mix"] in shown


def test_two_ticked_runs_are_distinguished(listed, two_runs):
    for place in (0, 1):
        listed.click(f"{ROW.format(place)} input[type=checkbox]")
    listed.click_until("button", "Compare", "document.body.innerText.includes('Show diff only')")
    assert "dedup.verify.threshold" in listed.seen()
    listed.run("[...document.querySelectorAll('button[role=switch]')].forEach(each => each.click())")
    listed.wait("!document.body.innerText.includes('dedup.verify.threshold')")
    rows = listed.run("[...document.querySelectorAll('tr')].map(row => row.innerText)")
    cells = [[cell.strip() for cell in row.split("\t")] for row in rows]
    newer, older = reversed(read_records(two_runs))
    assert ["Run Name:", newer.name, older.name] in cells
    assert [DIAL, str(MANY), str(FEW)] in cells
    assert ["mix", newer.tags["mix"], older.tags["mix"]] in cells
    metrics = listed.seen().rpartition("Metrics\n")[2].splitlines()
    assert {"records_kept", f"{newer.metrics['records_kept']:.0f}", f"{older.metrics['records_kept']:.0f}"} <= set(metrics)
    assert "benchmark_leaks" not in metrics  # none in either
