import tarfile
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.sources.benchmarks import Benchmark
from polymath.sources.check import check_record
from polymath.sources.library import Source
from polymath.sources.rows import Place, Unfit
from polymath.tasks import TASKS

CONF = Path(__file__).parents[4] / "conf"
Adapted = Callable[..., list[Any]]
Entries = Callable[[str], dict[str, Any]]


@pytest.fixture
def adapted() -> Adapted:
    """What an adapter makes of a row, options given as in YAML: checked records of `task`, and reasons of what is unfit."""

    def run(name: str, row: Any, task: str, labels: Iterable[str] = (), **options: Any) -> list[Any]:
        try:
            made = list(adapters[name](row, **adapters.options(name, options, "test")))
        except Unfit as why:
            return [why.reason]
        return [_checked(record, task, labels) for record in made]

    return run


@pytest.fixture
def adapted_whole() -> Adapted:
    """The same for an adapter of all rows: (row number, record or reason) in the order in which they come."""

    def run(name: str, rows: Iterable[Any], task: str, **options: Any) -> list[tuple[int, Any]]:
        placed = ((Place(0, number), row) for number, row in enumerate(rows))
        made = whole_adapters[name](placed, **whole_adapters.options(name, options, "test"))
        return [(place.row, _checked(record, task, ())) for place, record in made]

    return run


def _checked(record: Any, task: str, labels: Iterable[str]) -> Any:
    if isinstance(record, Unfit):
        return record.reason
    try:
        return check_record(record, TASKS[task], tuple(labels))
    except Unfit as why:
        return why.reason


@cache
def _parameters(environment: str) -> dict[str, Any]:
    loader = OmegaConfigLoader(
        str(CONF), env=environment, base_env="base", default_run_env="base", merge_strategy={"parameters": "soft"}
    )
    return dict(loader["parameters"])


@cache
def _sources(environment: str) -> dict[str, Any]:
    return {name: Source.model_validate(entry) for name, entry in _parameters(environment)["sources"].items()}


@cache
def _benchmarks(environment: str) -> dict[str, Any]:
    return {name: Benchmark.model_validate(entry) for name, entry in _parameters(environment)["benchmarks"].items()}


@pytest.fixture
def sources() -> Entries:
    """The sources of an environment by name, as a run would read them."""
    return _sources


@pytest.fixture
def benchmarks() -> Entries:
    """The benchmarks of an environment by name."""
    return _benchmarks


@pytest.fixture(scope="session")
def unpacked(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files of 35 datasets, cut to their first rows."""
    folder = tmp_path_factory.mktemp("first")
    with tarfile.open(shared_data / "hf_datasets_dummy.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    for path in sorted(folder.rglob("*.zip")):
        if path.is_file():
            with zipfile.ZipFile(path) as inner:
                inner.extractall(path.with_suffix(""))
    return folder / "hf_datasets_dummy"
