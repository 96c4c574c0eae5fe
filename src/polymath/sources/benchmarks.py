"""The list of benchmarks: read by decontaminate and by evaluate, so that what is scored is what was looked for."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, RootModel, model_validator

from polymath.config import Explained
from polymath.sources.library import Source
from polymath.sources.location import Location
from polymath.sources.mapping import MISSING, getter


class Benchmark(Location):
    """One benchmark split whose items must not occur in training data."""

    split: str = "test"
    item: tuple[str, ...] | str
    """Expression (or several, joined by a line) of an item's text: what a model would have memorised."""
    id: str | None = None
    """Expression of an item's own name; its number in the file when there is none."""
    version: int = Field(1, ge=1)
    """Raised when the entry's meaning changes."""


class Benchmarks(Explained, RootModel[dict[str, Benchmark]]):
    """`params:benchmarks`, by name: Kedro merges the files of a folder in no particular order."""

    @model_validator(mode="after")
    def _in_order_of_name(self) -> "Benchmarks":
        self.root = dict(sorted(self.root.items()))
        return self


def item_reader(name: str, benchmark: Benchmark) -> Callable[[Any], str]:
    """A function that reads the text of an item off a row: the values of its expressions, a line each."""
    expressions = [benchmark.item] if isinstance(benchmark.item, str) else benchmark.item
    getters = [getter(expression, f"benchmarks.{name}.item") for expression in expressions]

    def read(row: Any) -> str:
        parts = [get(row) for get in getters]
        return "\n".join(_text(part) for part in parts if part is not MISSING and part is not None)

    return read


def _text(value: object) -> str:
    return "\n".join(_text(element) for element in value) if isinstance(value, list) else str(value)


def refusal(source: Source, suite: Mapping[str, Benchmark], every: Mapping[str, Benchmark] | None = None) -> str | None:
    """Why a source is no training data: it *is* a split that a benchmark of the suite scores. None when it is not.

    What the source's entry says of its splits holds where none of `every` benchmark of the list is that split; else the suite
    decides, so that a run which drops the benchmark may train on it.
    """
    for name, benchmark in suite.items():
        if _is_split(source, benchmark):
            return f"benchmark_split: it is the split that {name} scores"
    if source.split in source.benchmark_splits and not any(_is_split(source, each) for each in (every or {}).values()):
        return f"benchmark_split: {source.split} is kept for scoring"
    return None


def _is_split(source: Source, benchmark: Benchmark) -> bool:
    return source.split == benchmark.split and _same_place(source, benchmark)


def _same_place(source: Source, benchmark: Benchmark) -> bool:
    if source.kind != benchmark.kind:
        return False
    if source.kind == "files":
        return bool(set(source.path) & set(benchmark.path))
    ids = {source.path[0], *source.former}
    return benchmark.path[0] in ids and benchmark.config in (None, source.config)
