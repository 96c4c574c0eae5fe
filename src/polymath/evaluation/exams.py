"""Exams: what a suite asks of a model, task by task, with the dials that its scores depend on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from polymath.config import Config, Words
from polymath.errors import UserError, unknown
from polymath.evaluation.harness import HarnessDials
from polymath.evaluation.suites import HELD_OUT, PROBES, Harness, HarnessEntry, Suites, TaskFile, needs_examples
from polymath.sources.benchmarks import Benchmark, Benchmarks
from polymath.store.digest import digest_json


class Asking(Config):
    """How benchmarks are put to a model."""

    PLACE: ClassVar[str] = "evaluate"
    """Where its dials stand in the parameters, for errors."""
    WITHOUT_FILES: ClassVar[str] = "quick"
    """A suite that needs nothing from the hub."""
    suite: Words = ()
    """Suites of `parameters/suites.yml`, or benchmarks by their own names."""
    limit: int | None = Field(None, ge=1)
    """Items of each task of a benchmark, the first ones; null: all."""
    few_shot: int | None = Field(None, ge=0)
    """Examples before each question; none given: as the suite's benchmark has it."""
    batch: int = Field(8, ge=1)
    """Items that go through the model together."""
    max_new_tokens: int | None = Field(None, ge=1)
    """Where an answer is cut off; none given: where the benchmark's task says (1,024 for a chain of thought)."""
    chat_template: bool = False
    """Put benchmarks' questions through the tokenizer's chat template."""
    device: str = "auto"
    """cpu, cuda, cuda:1, ...; auto: a GPU where there is one."""
    execute_code: bool = False
    """Run the programs that a model writes: with limits, but with your rights, so only in a container that holds nothing."""

    def dials(self, entry: HarnessEntry) -> HarnessDials:
        """What the scores of a benchmark depend on."""
        shots = entry.shots if self.few_shot is None else self.few_shot
        return HarnessDials(
            shots=shots,
            limit=self.limit,
            batch=self.batch,
            max_new_tokens=self.max_new_tokens,
            chat_template=self.chat_template,
            device=self.device,
            execute_code=self.execute_code and entry.executes,
        )


@dataclass(frozen=True)
class Exam:
    """One task of one benchmark as a plan's input."""

    benchmark: str
    entry: HarnessEntry
    task: TaskFile
    place: Benchmark
    root: Path
    dials: HarnessDials
    files: str = "hub"
    """Digest of the bytes of items and examples, where they are read from files."""
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        told = [each.model_dump(mode="json") for each in (self.entry, self.place, self.dials)]
        object.__setattr__(self, "digest", digest_json([self.task.name, told, self.files]))

    @property
    def is_local(self) -> bool:
        """Its rows are read from files, and not by lm-eval from the hub."""
        return self.place.kind == "files"

    @property
    def items(self) -> Benchmark:
        """Where the rows to score stand."""
        return _rows_of(self.entry, self.place, self.entry.path or self.place.path)

    @property
    def shots(self) -> Benchmark:
        """Where the rows of the examples stand."""
        return _rows_of(self.entry, self.place, self.entry.shots_path)


def _rows_of(entry: HarnessEntry, place: Benchmark, path: Words) -> Benchmark:
    """A benchmark's place with other files, read as the entry says."""
    read = place.read if entry.rows_at is None else place.read.model_copy(update={"rows_at": entry.rows_at})
    return place.model_copy(update={"path": path, "read": read})


def _exams(name: str, entry: HarnessEntry, place: Benchmark, asking: Asking, root: Path) -> list[Exam]:
    """Every task of a benchmark; their files are read once for all of them."""
    files = "hub"
    if place.kind == "files":
        paths = [entry.path or place.path, *([entry.shots_path] if entry.shots_path else [])]
        files = "".join(_rows_of(entry, place, path).content_digest(root) for path in paths)
    dials = asking.dials(entry)
    return [Exam(name, entry, task, place, root, dials, files) for task in entry.tasks(name)]


class Chosen(Config):
    """The names of a suite, sorted out."""

    benchmarks: Words
    held_out: bool
    probes: bool
    left_out: dict[str, str]
    """Benchmarks that are not scored, each with the reason."""

    @classmethod
    def of(cls, asking: Asking, suites: Suites, harness: Harness) -> Chosen:
        """A UserError for a name that nothing has."""
        names = suites.chosen(asking.suite, harness, f"{asking.PLACE}.suite")
        wanted = [name for name in names if name in harness.root]
        unsafe = [name for name in wanted if harness.root[name].executes and not asking.execute_code]
        left_out = dict.fromkeys(unsafe, f"{UNSAFE}, set {asking.PLACE}.execute_code=true")
        kept = tuple(name for name in wanted if name not in unsafe)
        return cls(benchmarks=kept, held_out=HELD_OUT in names, probes=PROBES in names, left_out=left_out)


UNSAFE = (
    "scoring it runs programs that the model wrote, which can read and delete what you can; in a container that holds nothing"
)


def exams_of(chosen: Chosen, asking: Asking, harness: Harness, benchmarks: Benchmarks, root: Path) -> dict[str, list[Exam]]:
    """The tasks of each benchmark; a UserError, before any work, where one cannot be read here and now."""
    found = {}
    for name in chosen.benchmarks:
        entry = harness.root[name]
        if name not in benchmarks.root:
            raise unknown(f"harness.{name}", name, "benchmark of parameters/benchmarks", benchmarks.root)
        place = benchmarks.root[name]
        if absent := place.absent(root):
            raise UserError(
                f"{asking.PLACE}.suite: {name} cannot be read ({absent}); connect, read it from files (kind: files in "
                f"parameters/benchmarks), or choose a suite that needs none: {asking.PLACE}.suite={asking.WITHOUT_FILES}"
            )
        if place.kind == "files":
            needs_examples(name, entry, asking.few_shot, asking.PLACE)
        found[name] = _exams(name, entry, place, asking, root)
    return found
