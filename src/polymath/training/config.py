"""What a training run is: the dials that a person turns, and `run.json`, which carries all of it to the workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from polymath.config import Config, Words
from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.planning.shapes import Anatomy
from polymath.training.objectives import NextToken, Objective
from polymath.training.spikes import SpikeConfig

Schedule = Literal["cosine", "linear", "wsd", "constant"]


class LoraConfig(Config):
    """Low-rank adapters (Hu 2021, 2106.09685): the model stands still, two thin matrices beside each of its own learn."""

    rank: int = Field(16, ge=1)
    alpha: float = Field(32, gt=0)
    """The adapters' output is scaled by alpha / rank."""
    dropout: float = Field(0.0, ge=0, lt=1)
    targets: Words = ()
    """Names of the modules that get adapters; none named: every linear one but the head."""


class ModelConfig(Config):
    """The model that training starts from."""

    name: str = "tiny"
    """A shape of `parameters/models` (a fresh model), a folder, or a hub id."""
    revision: str | None = None
    """Commit of a hub model."""
    lora: LoraConfig | None = None
    """Train adapters in place of the whole model."""
    attention: Literal["auto", "sdpa", "flash_attention_2", "eager"] = "auto"
    """auto: flash attention where it is installed and there is a GPU, else SDPA."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: a third more work, a fraction of the memory."""
    compile: bool = False
    """torch.compile; rows are padded to their full length then."""


class OptimizerConfig(Config):
    """AdamW, and how the learning rate goes."""

    learning_rate: float | None = Field(None, gt=0)
    """At its height; none given: what the shape states; a third of it for a model that began as one here (a thirtieth in
    alignment); else 2e-5, 1e-5 for rewards, 1e-6 in alignment, ten times that with LoRA."""
    schedule: Schedule = "cosine"
    """cosine and linear fall from the end of the warm-up to the end; wsd (MiniCPM, 2404.06395) holds, then falls."""
    warmup_share: float = Field(0.05, ge=0, lt=1)
    """Share of the steps in which the rate rises from zero."""
    decay_share: float = Field(0.2, gt=0, le=1)
    """wsd: share of the steps in which it falls."""
    final_share: float = Field(0.1, ge=0, le=1)
    """Where it ends, as a share of its height."""
    weight_decay: float = Field(0.1, ge=0)
    beta_1: float = Field(0.9, ge=0, lt=1)
    beta_2: float = Field(0.95, ge=0, lt=1)
    max_grad_norm: float = Field(1.0, gt=0)


class ValidationConfig(Config):
    """Validation while training goes on."""

    every_steps: int | None = Field(None, ge=1)
    """none given: after each pass over the data, at least four times."""
    by: Literal["task", "source"] = "task"
    """Whose losses are told apart, token by token. Tracks of pairs go by source in any case."""
    sequences_per_task: int = Field(16, ge=1)
    """At most so many of each task (or of each source: sequences that hold something of it), evenly drawn."""
    patience: int | None = Field(None, ge=1)
    """Stop after so many validations without a better loss; none given: never."""


class CheckpointConfig(Config):
    """What is kept to go on from."""

    every_steps: int | None = Field(None, ge=1)
    """none given: with each validation."""
    keep_last: int = Field(2, ge=1)
    keep_best: bool = True
    """Also the one with the lowest validation loss."""


class TrainConfig(Config):
    """The dials of a training stage."""

    track: str = "sft"
    """A track of the mix."""
    steps: int | None = Field(None, ge=1)
    """Global batches of the schedule to train on; none given: all of them."""
    tokens: int | None = Field(None, ge=1)
    """Tokens to train on, in whole batches; with `steps`, what comes first ends the run."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    """fp16 is for GPUs that have no bf16, and needs DeepSpeed, which scales the loss."""
    optimizer: OptimizerConfig = OptimizerConfig()
    validation: ValidationConfig = ValidationConfig()
    checkpoints: CheckpointConfig = CheckpointConfig()
    spikes: SpikeConfig = SpikeConfig()
    seed: int = 0


class HardwareConfig(Config):
    """Where it trains. It changes the last digits of a loss, never which examples stand in a step."""

    kind: str | None = None
    """The GPUs' entry in `parameters/hardware.yml`, for their memory and their peak speed; none: as they say themselves."""
    gpus: int | Literal["auto"] = "auto"
    """On each node; auto: those that are here."""
    cpu_ranks: int = Field(1, ge=1)
    """Processes where there is no GPU."""
    micro_batch: int | Literal["auto"] = "auto"
    """Sequences that a rank holds at once; auto: the most that fit."""
    zero: Literal["auto", 0, 1, 2, 3] = "auto"
    """DeepSpeed's ZeRO stage; auto: the lowest that fits. 0: every rank holds all of it, and DeepSpeed only starts them."""
    offload: Literal["auto", "none", "optimizer", "all"] = "auto"
    """What lies in the CPU's memory; auto: nothing that fits the GPUs."""
    reserve: float = Field(0.1, ge=0, lt=1)
    """Share of a rank's memory that is left to the runtime, to buffers and to fragments."""
    hostfile: str | None = None
    """DeepSpeed's hostfile (`name slots=8` a line), for several nodes."""
    network_gb_s: float | None = Field(None, gt=0)
    """GB/s, one way, from a node to the others; its GPUs share it."""


class StageConfig(Config):
    """A training stage: which model, how it is trained, where."""

    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    hardware: HardwareConfig = HardwareConfig()


@contextmanager
def naming(stage: str, elsewhere: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Errors within say `finetune.model.name` where they would say `model.name`.

    `elsewhere`: dials that stand in another place than that.
    """
    try:
        yield
    except UserError as error:
        if not str(error).startswith((*StageConfig.model_fields, "rewards")):
            raise
        dial, rest = str(error).split(":", 1)
        raise UserError(f"{stage}.{elsewhere.get(dial, dial)}:{rest}") from error


class Start(Config):
    """The model that training starts from, found and read."""

    kind: Literal["fresh", "folder", "hub", "before"]
    """before: the model that the run before in a chain of runs leaves; its place is known when that run is done."""
    name: str
    place: str = ""
    """Folder or hub id."""
    revision: str | None = None
    digest: str = ""
    """Of a folder's files."""
    made_by: str = ""
    """Key of the training run that made the folder, where one did."""
    architecture: dict[str, Any] = Field(default_factory=dict)
    """A fresh model's configuration in transformers' words, with `model_type`."""
    anatomy: Anatomy


class Machine(Config):
    """Ranks and the memory of each."""

    kind: str
    """What they are called."""
    gpus: bool
    ranks: int
    """On all nodes."""
    nodes: int = 1
    memory: float
    """Bytes that a rank may fill: of its GPU, or its share of the CPU's memory."""
    cpu_memory: float
    """Bytes of a rank's share of its node's CPU memory, for what is offloaded."""
    peak_flops: float | None = None
    """FLOP/s of a GPU at its best, for the share of it that training reaches (MFU)."""
    link: float | None = None
    """Bytes a second, one way, between two ranks: of the slowest way there is between any two."""


class Layout(Config):
    """How a global batch lies on the machine: micro_batch x accumulation x ranks sequences."""

    machine: Machine
    micro_batch: int
    accumulation: int
    zero: int
    offload: str = "none"
    deepspeed: dict[str, Any] | None = None
    """DeepSpeed's JSON; none: no part of the model is split."""
    hostfile: str | None = None

    @property
    def batch(self) -> int:
        """Sequences of a global batch."""
        return self.micro_batch * self.accumulation * self.machine.ranks


class Mixed(Config):
    """What is trained on, in the words of curate's datasets."""

    digests: dict[str, str]
    """Of `tokens`, `sequences`, `schedule` and `tokenizer`."""
    composition: dict[str, float]
    """Share of the drawn tokens by task, the largest first."""
    licences: dict[str, str]
    """Licence of each source that is drawn on."""


class RunConfig(Config):
    """A training run, ready to launch: everything but the places where its files lie."""

    stage: str
    name: str
    objective: Objective = NextToken()
    start: Start
    model: ModelConfig
    train: TrainConfig
    mix: Mixed
    form: FormConfig
    layout: Layout
    taken: dict[str, int] = Field(default_factory=dict)
    """Batches of each track's schedule that the runs before it in its chain take: on the same track it goes on after them."""
    steps: int
    learning_rate: float
    validate_every: int
    save_every: int
    score_every: int | None = None
    """After so many steps, and the last one, the ranks wait until their checkpoint is scored."""
    score_label: str = ""
    """In which exams."""
    key: str
    """Of all that decides what comes out; equal keys go on from one another's checkpoints, on whatever ranks."""

    @property
    def begins(self) -> int:
        """Batches of the track's schedule before that of its first step."""
        return self.taken.get(self.train.track, 0)


class Data(Config):
    """The folders of the datasets that are trained on."""

    tokens: Path
    sequences: Path
    schedule: Path
    tokenizer: Path
    checks: Path | None = None
    """What programs judge replies to prompts by."""


class Job(Config):
    """`run.json`: a run and where its files lie; all that a worker is told."""

    run: RunConfig
    data: Data
    folder: Path
    """Where logs, checkpoints and the model go."""
