"""Prepare: a run that is ready to launch, with everything found out and checked before the work."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.pipelines.libraries import Sources
from polymath.planning.budget import GPUs
from polymath.planning.shapes import Shapes
from polymath.store.folder import ShardFolder
from polymath.training.config import Machine, StageConfig, naming
from polymath.training.machine import find_machine
from polymath.training.prepare import VERSION, Mix, prepare_run
from polymath.training.start import folder_digest

STAGE = "finetune"
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


class Wanted(Config):
    """All that a run depends on beside its data."""

    stage: StageConfig
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


def plan_run(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    finetune: StageConfig,
    models: Shapes,
    hardware: GPUs,
    form: FormConfig,
    sources: Sources,
    engine: EngineConfig,
) -> Plan:
    """The run: model, steps, how batches lie on the machine, and the memory that each rank needs (schema RUN, one row)."""
    if importlib.util.find_spec("torch") is None:
        raise UserError(
            "finetune trains with PyTorch and DeepSpeed, which are not installed; run: pip install 'polymath[train]'"
        )
    licences = {name: source.licence for name, source in sources.root.items()}
    with naming(STAGE):
        machine = find_machine(finetune.hardware, hardware)
    wanted = Wanted(stage=finetune, shapes=models, form=form, licences=licences, machine=machine)
    mix = {"tokens": tokens, "sequences": sequences, "schedule": schedule, "tokenizer": tokenizer}
    model = StartingModel(finetune.model.name, finetune.model.revision)
    item = Item("run", (*mix.values(), model), 1)
    inputs = {name: folder.digest for name, folder in mix.items()}
    return Plan("prepare", describe_run, (item,), wanted, VERSION, libraries=("transformers",), engine=engine, inputs=inputs)


def describe_run(
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    model: StartingModel,
    wanted: Wanted,
) -> pa.Table:
    """A table of one row; a UserError for what would end the training: a model that is not there, a machine too small."""
    mix = Mix(tokens, sequences, schedule, tokenizer)
    with naming(STAGE):
        run, need = prepare_run(STAGE, wanted.stage, mix, wanted.shapes, wanted.form, wanted.licences, wanted.machine)
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
    return pa.Table.from_pylist([row], schema=RUN)
