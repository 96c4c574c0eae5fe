"""The project as Kedro sees it: its own commands work, and read as sentences."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.running import digests, kedro, run

TINY = "--env=tiny"
STEPS = (
    "ingest",
    "clean",
    "dedup",
    "decontaminate",
    "select",
    "compose",
    "split",
    "tokenize",
    "mix",
    "pack",
    "books",
    "report",
)


@pytest.fixture(scope="module")
def finished(make_project):
    project = make_project()
    run(project, TINY)
    return project


def test_the_registry_lists_the_pipelines(project):
    said = kedro(project, "registry", "list").stdout
    assert "- curate" in said
    assert "- __default__" in said


def test_the_catalog_describes_every_dataset(project):
    said = kedro(project, "catalog", "describe-datasets").stdout
    for name in ("records", "clean_decisions", "tokens", "schedule", "books"):
        assert name in said


@pytest.mark.parametrize("steps", [("dedup",), pytest.param(STEPS, marks=pytest.mark.proof)], ids=["one", "all"])
def test_a_step_is_a_namespace_that_runs_alone(finished, steps):
    before = digests(finished)
    for step in steps:
        result = kedro(finished, "run", "--pipelines=curate", f"--namespaces=curate.{step}", TINY)
        assert result.returncode == 0, step + result.stderr
    assert digests(finished) == before


@pytest.mark.parametrize(
    "words",
    [
        ["--from-nodes=curate.pack.pack_sequences"],
        pytest.param(["--to-nodes=curate.clean.judge_text"], marks=pytest.mark.proof),
        pytest.param(["--only-missing-outputs"], marks=pytest.mark.proof),
        pytest.param(["--nodes=curate.mix.weigh_tracks"], marks=pytest.mark.proof),
        ["--runner=ThreadRunner"],
    ],
)
def test_kedros_own_ways_to_run_a_part_work(finished, words):
    before = digests(finished)
    result = kedro(finished, "run", "--pipeline=curate", TINY, *words)
    assert result.returncode == 0, result.stdout + result.stderr
    assert digests(finished) == before


def test_only_missing_outputs_makes_what_is_missing(finished):
    before = digests(finished)
    (finished / "data/04_tokens/weights/_manifest.json").unlink()
    result = kedro(finished, "run", "--pipeline=curate", TINY, "--only-missing-outputs")
    assert result.returncode == 0, result.stdout + result.stderr
    assert digests(finished) == before


def test_the_snapshot_reads_as_a_sentence():
    """`kedro.inspection` is what Kedro-Viz and other tools see."""
    from kedro.inspection import get_project_snapshot

    snapshot = get_project_snapshot(ROOT)
    pipeline = next(each for each in snapshot.pipelines if each.name == "curate")
    names = [node.name for node in pipeline.nodes]
    assert "curate.dedup.drop_near_duplicates" in names
    assert {name.split(".")[1] for name in names} == set(STEPS)


@pytest.mark.proof
def test_the_packaged_project_runs_elsewhere_as_it_runs_here(tmp_path, finished):
    """`kedro package`, installed into an environment of its own beside this one's libraries."""
    built = subprocess.run(
        [sys.executable, "-m", "kedro", "package"], cwd=_copy(tmp_path), capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    wheel = next((tmp_path / "copy" / "dist").glob("*.whl"))
    assert any(name.endswith("card/templates/page.html") for name in zipfile.ZipFile(wheel).namelist())
    target = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", target, wheel], check=True)
    place = tmp_path / "elsewhere"
    place.mkdir()
    code = f"import sys; sys.path.insert(0, {str(target)!r}); from polymath.__main__ main; main()".replace(
        "__main__ main", "__main__ import main"
    )
    words = ["--pipelines=curate", TINY, f"--conf-source={ROOT / 'conf'}"]
    ran = subprocess.run([sys.executable, "-c", code, *words], cwd=place, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert digests(place) == digests(finished)


def _copy(tmp_path: Path) -> Path:
    import shutil

    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns(".venv", "data", ".git", "dist", "build", "mlflow.db", "mlartifacts", "logs", "site")
    shutil.copytree(ROOT, copy, ignore=ignored)
    return copy
