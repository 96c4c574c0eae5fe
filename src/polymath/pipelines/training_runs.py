"""What the training stages' pipelines do alike: plan their runs ahead, and hand them to the dataset that carries them out."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import pyarrow as pa
from pydantic import Field

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.errors import UserError
from polymath.evaluation.between import BetweenConfig
from polymath.form import FormConfig
from polymath.pipelines.libraries import Sources
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.config import Data, Machine, RunConfig, StageConfig, naming
from polymath.training.machine import find_machine
from polymath.training.objectives import NextToken, Objective
from polymath.training.prepare import VERSION, Givens, Mix, Scores, prepare_run
from polymath.training.start import folder_digest
from polymath.training.trained import Scorer, Trained, Training

ENGINE = "params:engine"
MIX = ["tokens", "sequences", "schedule", "tokenizer"]
"""What every stage reads of curate."""
SUITE = ["params:suites", "params:harness", "params:benchmarks", "params:run.files_root"]
"""What scores checkpoints while training goes on."""
LIBRARIES = ["params:models", "params:hardware", "params:tokenize", "params:sources", ENGINE]
PAGE_VERSION = 3
RUN = pa.schema(
    [
        ("name", pa.string()),
        ("key", pa.string()),
        ("parameters", pa.int64()),
        ("steps", pa.int32()),
        ("ranks", pa.int32()),
        ("micro_batch", pa.int32()),
        ("zero", pa.int32()),
        ("rank_bytes", pa.float64()),  # that each rank will hold
        ("run", pa.string()),  # all of it, as JSON
    ]
)


class Sought(Config):
    """One run of a stage, as its dials say it."""

    config: StageConfig
    objective: Objective = NextToken()
    scores: Scores | None = None
    """When its checkpoints are scored."""
    name: str = ""
    """What people call it, in place of its track."""
    dials: dict[str, str] = Field(default_factory=dict)
    """Where dials stand that do not stand where all stages have them: `train.track` in `stages.broad.track`."""


class Wanted(Config):
    """All that a stage's runs depend on beside their data."""

    stage: str
    runs: tuple[Sought, ...]
    """One after another: each goes on from the model of the one before."""
    shapes: Shapes
    form: FormConfig
    licences: dict[str, str]
    """Of each source of the library."""
    machine: Machine


@dataclass(frozen=True)
class StartingModel:
    """The model that a run starts from, by its name, as an input of a plan."""

    name: str
    revision: str | None

    @property
    def digest(self) -> str:
        """Of a folder's files; else the name, of a shape or on the hub."""
        folder = Path(self.name)
        return folder_digest(folder) if folder.is_dir() else f"{self.name}@{self.revision}"


@dataclass(frozen=True)
class Libraries:
    """What every stage is told beside its dials and its data."""

    models: Shapes
    hardware: GPUs
    form: FormConfig
    sources: Sources
    engine: EngineConfig


def check_installed(stage: str) -> None:
    """A UserError where what trains is not installed."""
    if importlib.util.find_spec("torch") is None:
        raise UserError(
            f"{stage} trains with PyTorch and DeepSpeed, which are not installed; run: pip install 'polymath[train]'"
        )


def plan_runs(stage: str, runs: Sequence[Sought], mix: Mix, libraries: Libraries) -> Plan:
    """The runs: model, steps, how batches lie on the machine, and the memory that each rank needs (schema RUN, a row each)."""
    check_installed(stage)
    first = runs[0].config
    licences = {name: source.licence for name, source in libraries.sources.root.items()}
    with naming(stage):
        machine = find_machine(first.hardware, libraries.hardware)
    wanted = Wanted(
        stage=stage, runs=tuple(runs), shapes=libraries.models, form=libraries.form, licences=licences, machine=machine
    )
    model = StartingModel(first.model.name, first.model.revision)
    item = Item("run", (*vars(mix).values(), model), 1)
    engine = libraries.engine
    return Plan(
        "prepare", describe_runs, (item,), wanted, VERSION, libraries=("transformers",), engine=engine, inputs=mix.digests
    )


def describe_runs(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    model: StartingModel,
    wanted: Wanted,
) -> pa.Table:
    """A row for each run; a UserError for what would end the training: a model that is not there, a machine too small."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    givens = Givens(mix, wanted.shapes, wanted.form, wanted.licences, wanted.machine)
    rows, before = [], None
    for sought in wanted.runs:
        with naming(wanted.stage, sought.dials):
            run, need = prepare_run(wanted.stage, sought.config, givens, sought.objective, before, sought.scores, sought.name)
        row = {
            "name": run.name,
            "key": run.key,
            "parameters": run.start.anatomy.parameters,
            "steps": run.steps,
            "ranks": run.layout.machine.ranks,
            "micro_batch": run.layout.micro_batch,
            "zero": run.layout.zero,
            "rank_bytes": need.total,
            "run": run.model_dump_json(),
        }
        rows.append(row)
        before = run
    return pa.Table.from_pylist(rows, schema=RUN)


def plain(config: StageConfig) -> StageConfig:
    """The dials that every stage has, of a stage that has more."""
    return StageConfig(model=config.model, train=config.train, hardware=config.hardware)


def when_scored(asked: BetweenConfig) -> Scores | None:
    """When checkpoints are scored; None where nothing is asked."""
    return Scores(every=asked.every_steps, label=asked.label) if asked.suite else None


S = TypeVar("S", bound=StageConfig)


def on(config: S, base: Trained | None) -> S:
    """The same dials, starting from a model that was trained before; a UserError where there is none."""
    if base is None:
        raise UserError("the stage before has left no model here yet; run: kedro run --pipeline=assistant")
    return config.model_copy(update={"model": config.model.model_copy(update={"name": str(base.model), "revision": None})})


def trainings(
    runs: ShardFolder,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    scorer: Scorer | None = None,
    checks: ShardFolder | None = None,
) -> list[Training]:
    """The runs with the data that they read, for the dataset that carries them out.

    `scorer`: of their checkpoints. `checks`: what replies to prompts are judged by.
    """
    places = {"tokens": tokens, "sequences": sequences, "schedule": schedule, "tokenizer": tokenizer, "checks": checks}
    data = Data(**{name: folder.path for name, folder in places.items() if folder is not None})
    rows = runs.read(["run", "rank_bytes"]).to_pylist()
    return [Training(RunConfig.model_validate_json(row["run"]), data, row["rank_bytes"], scorer) for row in rows]


class Reckoned(Config):
    """What was said before the runs."""

    rank_bytes: float
    """The most that a rank was to hold."""
    missing: str | None = None
    """What the stage had to do without, as its page is to say it."""


def tell_training(trained: Trained, said: Reckoned) -> Piece:
    """The page of a run, and of those that it went on from."""
    from polymath.reporting.training.page import write_page

    return write_page(trained, said.rank_bytes)


def plan_page(
    trained: Trained,
    runs: ShardFolder,
    engine: EngineConfig,
    tell: Callable[..., Piece] = tell_training,
    version: int = 0,
    beside: Mapping[str, ShardFolder] = MappingProxyType({}),
    missing: str | None = None,
) -> Plan:
    """The page of a stage, in the dress of all of them.

    `tell`: writes it, of the model, of what lies `beside` it and of what was said before the runs, with what is this stage's
    own; `version`: of that.
    """
    said = Reckoned(rank_bytes=max(runs.read(["rank_bytes"])["rank_bytes"].to_pylist()), missing=missing)
    item = Item("training", (trained, *beside.values()), 1)
    inputs = {"trained": trained.digest, **{name: folder.digest for name, folder in beside.items()}}
    return Plan("report", tell, (item,), said, PAGE_VERSION + version, engine=engine, inputs=inputs)
