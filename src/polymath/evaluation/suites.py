"""Suites: which benchmarks and which of our own scores an evaluation asks for, and how lm-eval scores each benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import Field, RootModel, field_validator

from polymath.config import Config, Explained, Words
from polymath.errors import UserError, unknown
from polymath.evaluation.layouts import layouts

HELD_OUT, PROBES = "held_out", "probes"
OWN = (HELD_OUT, PROBES)
"""What a suite may name beside benchmarks."""


class HarnessEntry(Config):
    """How lm-eval scores a benchmark of `parameters/benchmarks`: by which of its task files, with how many examples."""

    file: str
    """The task's YAML, below lm-eval's folder `tasks`, or ours where it begins with `polymath/`; `{}` stands for the part."""
    parts: Words = ()
    """Subjects or kinds that the benchmark is made of, each with a file of its own; none: the file is all of it."""
    shots: int | None = Field(None, ge=0)
    """Examples before each question, from the benchmark's own split of examples; none given: as the task has it."""
    metric: str
    """The one of its metrics that tells most."""
    executes: bool = False
    """Scoring runs programs that the model wrote."""
    layout: str = "as_they_are"
    """How rows of its original files become rows as the hub has them; used where the benchmark is read from files."""
    path: Words = ()
    """Files of the rows to score, below `run.files_root`, when not all files of the benchmark are whole rows."""
    rows_at: str | None = None
    """Where the rows to score stand in those files, when that is not where the items to look for do."""
    shots_path: Words = ()
    """Files of examples, below `run.files_root`."""

    @field_validator("layout")
    @classmethod
    def _is_known(cls, name: str) -> str:
        layouts.named(name, "layout")
        return name

    def tasks(self, name: str) -> list[TaskFile]:
        """The task files, by part."""
        if not self.parts:
            return [TaskFile(name, "", self.file)]
        return [TaskFile(f"{name}_{part}", part, self.file.replace("{}", part)) for part in self.parts]


@dataclass(frozen=True)
class TaskFile:
    """One task of lm-eval."""

    name: str
    part: str
    file: str


class Harness(Explained, RootModel[dict[str, HarnessEntry]]):
    """`params:harness`: the benchmarks that can be scored, by their names in `parameters/benchmarks`."""


class Suites(Explained, RootModel[dict[str, Words]]):
    """`params:suites`: names for what is scored together."""

    def chosen(self, names: Words, harness: Harness, place: str) -> list[str]:
        """What the suites (or benchmarks by their own names) come to: each once, in the order in which it was named."""
        return list(dict.fromkeys(self._named(names, harness, place)))

    def _named(self, names: Words, harness: Harness, place: str) -> Iterator[str]:
        for name in names:
            if name not in self.root and name not in harness.root and name not in OWN:
                raise unknown(place, name, "suite", (*self.root, *OWN, *harness.root))
            for each in self.root.get(name, (name,)):
                if each not in harness.root and each not in OWN:
                    raise unknown(f"suites.{name}", each, "benchmark of parameters/suites.yml", (*OWN, *harness.root))
                yield each


def needs_examples(name: str, entry: HarnessEntry, few_shot: int | None, place: str = "evaluate") -> None:
    """A UserError where examples are wanted and no files of them are known: for benchmarks that are read from files.

    `place`: of the dials, in the parameters.
    """
    wanted = entry.shots if few_shot is None else few_shot
    if wanted and not entry.shots_path:
        raise UserError(
            f"harness.{name}: {wanted} examples are asked for, and no files of them are named; "
            f"set harness.{name}.shots_path, or {place}.few_shot=0"
        )
