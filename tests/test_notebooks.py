"""The notebooks run from their first cell to their last in a project that has made runs, and are committed without outputs."""

import shutil

import nbformat
import pytest

from tests.conftest import ROOT
from tests.reporting.compare.made_runs import make_runs

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = make_runs(tmp_path_factory).project
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    return project


def outputs(notebook) -> str:
    """Everything that its cells showed, as text and as HTML."""
    shown = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown += [output.get("text", ""), str(data.get("text/plain", "")), str(data.get("text/html", ""))]
    return "\n".join(shown)


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("explore_a_mix", (), ["too_few_words", "closed_qa", "track sft, step 0", "### Response:", "removed by the filter"]),
        (
            "compare_two_runs",
            ("previous", "last"),
            ["original {python_topics: 260, notes: 41", "sums: only in B", "0 → 30 (+30)"],
        ),
        ("compare_two_runs", ("first", "second"), ["dedup.verify.threshold", "kept as code", "B  too_few_words: measured"]),
    ],
)
def test_a_notebook_runs_in_a_project_with_runs(project, name, words, expected):
    from nbclient import NotebookClient

    text = (project / "notebooks" / f"{name}.ipynb").read_text("utf-8")
    assert not words or text.count(r"\"previous\", \"last\"") == 1
    notebook = nbformat.reads(text.replace(r"\"previous\", \"last\"", r"\"{}\", \"{}\"".format(*words) if words else ""), 4)
    place = {"metadata": {"path": str(project / "notebooks")}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=place).execute()  # raises where a cell does
    shown = outputs(notebook)
    for told in expected:
        assert told in shown, told
    assert "INFO" not in shown


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
