from collections.abc import Callable, Iterable
from typing import Any

import pytest

from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.sources.check import check_record
from polymath.sources.rows import Place, Unfit
from polymath.tasks import TASKS

Adapted = Callable[..., list[Any]]


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
