"""The dials of evaluate, and the models and benchmarks that they come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from polymath.config import Config, Words
from polymath.engine.contract import EngineConfig
from polymath.errors import UserError, unknown
from polymath.evaluation.harness import HarnessDials
from polymath.evaluation.models import Model
from polymath.evaluation.places import model_folder
from polymath.evaluation.suites import HELD_OUT, PROBES, Harness, HarnessEntry, Suites, TaskFile, needs_examples
from polymath.evaluation.talk import Sampling
from polymath.sources.benchmarks import Benchmark, Benchmarks
from polymath.store.digest import digest_json
from polymath.training.trained import Trained


class HeldOutDials(Config):
    """How much of the split `test` is looked at."""

    answers_per_task: int = Field(32, ge=1)
    """Examples of each task that the model answers."""
    losses_per_task: int = Field(128, ge=1)
    """Examples of each task whose loss is measured."""
    max_new_tokens: int = Field(64, ge=1)
    """An answer is cut off after so many tokens."""


class EvaluateConfig(Config):
    """`params:evaluate`: which models, on what, and how much of it."""

    model: str | None = None
    """A folder in transformers' format, or a hub id; none given: the model that finetune trained last."""
    revision: str | None = None
    """Commit of a hub model."""
    against: Words = ()
    """Other models that get the same questions and are compared with it: the base that it was tuned from, say."""
    checkpoints: bool = False
    """Also the checkpoints that the run of the model that finetune trained last has kept: to see it converge."""
    suite: Words = ("quick",)
    """Suites of `parameters/suites.yml`, or benchmarks by their own names."""
    limit: int | None = Field(200, ge=1)
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
    confidence: float = Field(0.95, gt=0.5, lt=1)
    """Of every interval, and of saying that two models differ."""
    seed: int = 0
    """Of resampling."""
    overlap_words: int = Field(8, ge=3)
    """Words in a row that an item and the training mix share for the item to count as seen."""
    workers: int = Field(1, ge=1)
    """Processes that each hold a model."""
    held_out: HeldOutDials = HeldOutDials()
    probes: Sampling = Sampling(max_new_tokens=96)
    """How replies to probes are drawn; a probe may say otherwise."""

    def models(self, trained: Trained | None) -> list[Model]:
        """The model, and those that it is compared with; `trained`: the one that finetune made last, if there is one."""
        if self.model is None and trained is None:
            raise UserError(
                "evaluate.model: none is named, and none was trained here; "
                "train one (kedro run --pipeline=finetune), or name a folder or a hub id"
            )
        first = Model(str(trained.model)) if trained and self.model is None else Model(str(self.model), self.revision)
        kept = trained.checkpoints if trained and self.model is None and self.checkpoints else []
        found = [first, *(Model(str(each)) for each in kept), *(Model(each) for each in self.against)]
        for model in found:
            _check(model)
        if len({model.digest for model in found}) < len(found):
            raise UserError(f"evaluate.against: {' '.join(self.against)} names a model twice, or evaluate.model itself")
        return found

    def engine(self, engine: EngineConfig) -> EngineConfig:
        """As many workers as may hold a model."""
        return engine.model_copy(update={"workers": self.workers})

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


def _check(model: Model) -> None:
    """A UserError where a folder is no model, or a hub model is neither here nor to be had."""
    if model_folder(model.place) is not None:
        return
    from huggingface_hub import try_to_load_from_cache

    from polymath.sources.hub import is_reachable

    cached = try_to_load_from_cache(model.place, "config.json", revision=model.revision)
    if not isinstance(cached, str) and not is_reachable():
        raise UserError(
            f"{model.place} is no folder here and not in the cache of the hub, which cannot be reached; "
            "name a folder in transformers' format, or connect"
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


def _exams(name: str, entry: HarnessEntry, place: Benchmark, evaluate: EvaluateConfig, root: Path) -> list[Exam]:
    """Every task of a benchmark; their files are read once for all of them."""
    files = "hub"
    if place.kind == "files":
        paths = [entry.path or place.path, *([entry.shots_path] if entry.shots_path else [])]
        files = "".join(_rows_of(entry, place, path).content_digest(root) for path in paths)
    dials = evaluate.dials(entry)
    return [Exam(name, entry, task, place, root, dials, files) for task in entry.tasks(name)]


class Chosen(Config):
    """The names of a suite, sorted out."""

    benchmarks: Words
    held_out: bool
    probes: bool
    left_out: dict[str, str]
    """Benchmarks that are not scored, each with the reason."""

    @classmethod
    def of(cls, evaluate: EvaluateConfig, suites: Suites, harness: Harness) -> Chosen:
        """A UserError for a name that nothing has."""
        names = suites.chosen(evaluate.suite, harness, "evaluate.suite")
        wanted = [name for name in names if name in harness.root]
        unsafe = {name: UNSAFE for name in wanted if harness.root[name].executes and not evaluate.execute_code}
        kept = tuple(name for name in wanted if name not in unsafe)
        return cls(benchmarks=kept, held_out=HELD_OUT in names, probes=PROBES in names, left_out=unsafe)


UNSAFE = (
    "scoring it runs programs that the model wrote, which can read and delete what you can; "
    "in a container that holds nothing, set evaluate.execute_code=true"
)


def exams_of(
    chosen: Chosen, evaluate: EvaluateConfig, harness: Harness, benchmarks: Benchmarks, root: Path
) -> dict[str, list[Exam]]:
    """The tasks of each benchmark; a UserError, before any work, where one cannot be read here and now."""
    found = {}
    for name in chosen.benchmarks:
        entry = harness.root[name]
        if name not in benchmarks.root:
            raise unknown(f"harness.{name}", name, "benchmark of parameters/benchmarks", benchmarks.root)
        place = benchmarks.root[name]
        if absent := place.absent(root):
            raise UserError(
                f"evaluate.suite: {name} cannot be read ({absent}); connect, read it from files (kind: files in "
                "parameters/benchmarks), or choose a suite that needs none: evaluate.suite=quick"
            )
        if place.kind == "files":
            needs_examples(name, entry, evaluate.few_shot)
        found[name] = _exams(name, entry, place, evaluate, root)
    return found


NO_MIX = (
    "evaluate.suite: held_out asks for the split `test` of a mix, and none was made here; "
    "make one (kedro run --pipeline=curate), or choose another suite"
)
