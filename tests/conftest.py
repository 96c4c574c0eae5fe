"""Fixtures that many tests share: sample data, and a project of one's own to run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
os.environ.update(
    HF_HUB_OFFLINE="1",
    HF_DATASETS_OFFLINE="1",
    TOKENIZERS_PARALLELISM="false",
    OMP_NUM_THREADS="1",  # two processes test at once: threads of small models would only wait for one another
    DO_NOT_TRACK="1",
    KEDRO_DISABLE_TELEMETRY="1",
    MLFLOW_DISABLE_TELEMETRY="true",
)


WHOLE_RUNS = ("real_data", "curate", "compare", "project", "notebooks", "page", "viz", "mlflow", "card", "one_message")
"""Test files that run all of curate: `test_<name>.py`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no process is left alone with one at the end (files are not shared out in parts)."""
    place = {f"test_{name}": number for number, name in enumerate(WHOLE_RUNS)}
    items.sort(key=lambda item: place.get(item.path.stem, len(WHOLE_RUNS)))


def _sample_folder(name: str) -> Path:
    """`$POLYMATH_SAMPLES/<name>`, or `shared/<name>` beside the project or further up; the test is skipped without it."""
    given = os.environ.get("POLYMATH_SAMPLES")
    places = [Path(given)] if given else [parent / "shared" for parent in ROOT.parents]
    for place in places:
        if (place / name / "README.md").exists():
            return place / name
    message = f"the sample folder {name!r} is not here; set POLYMATH_SAMPLES to the folder that holds it"
    if os.environ.get("POLYMATH_REQUIRE_DATA"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real public data in its original formats, one folder per dataset."""
    return _sample_folder("data")


@pytest.fixture(scope="session")
def shared_bench() -> Path:
    """A corpus whose near-duplicates are known exactly."""
    return _sample_folder("bench")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project: our configuration and code, and data folders of its own."""
    return new_project(tmp_path / "project")


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A function that makes an empty project: for fixtures that outlive a test."""
    return lambda: new_project(tmp_path_factory.mktemp("made") / "project")


def new_project(path: Path) -> Path:
    """Our configuration in a folder of its own, with nothing made yet."""
    path.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", path / "conf")
    tracking = path / "conf/base/mlflow.yml"  # importing MLflow takes seconds at the end of every run: see `track`
    tracking.write_text(tracking.read_text("utf-8").replace("enabled: true", "enabled: false"), "utf-8")
    shutil.copy(ROOT / "pyproject.toml", path)
    shutil.copy(ROOT / ".telemetry", path)
    (path / "src").mkdir()  # the package itself is installed
    (path / "logs").mkdir()
    return path


def track(project: Path, patience: int = 60) -> None:
    """From now on runs of the environment `tiny` go to MLflow, which has time: tests share the machine with one another."""
    (project / "conf/tiny/mlflow.yml").write_text(f"enabled: true\npatience_seconds: {patience}\n", "utf-8")
