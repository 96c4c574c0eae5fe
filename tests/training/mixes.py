"""A small mix made by curate's own packing and schedule, and runs over it that take a moment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from polymath.form import FormConfig
from polymath.pipelines.curate.concepts import CONCEPT
from polymath.pipelines.curate.counts import count_tokens
from polymath.pipelines.curate.mix import weigh_tracks
from polymath.pipelines.curate.pack import pack_sequences, schedule_batches
from polymath.pipelines.curate.tokenizer import TOKENIZER
from polymath.pipelines.curate.tracks import MixConfig
from polymath.planning.shapes import Shape, Shapes
from polymath.training.config import Data, Job, Machine, RunConfig, StageConfig, naming
from polymath.training.objectives import Objective
from polymath.training.prepare import Givens, Mix, Scores, prepare_run
from polymath.training.trained import Training
from tests.pipelines.curate.made import ENGINE, folder_of, records_of, runner

BATCH, SEQUENCE = 4, 64
END = "<|endoftext|>"
TASKS = {"sums": "closed_qa", "words": "instruct"}
SHAPES = Shapes({
    "small": Shape(
        architecture={
            "model_type": "llama", "vocab_size": 320, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 128, "tie_word_embeddings": True,
        },
        learning_rate=0.01,
        source="a test",
    )
})  # fmt: skip
MACHINE = Machine(kind="CPU", gpus=False, ranks=1, memory=8 * 2**30, cpu_memory=8 * 2**30)
LICENCES = {"sums": "MIT", "words": "CC-BY-4.0"}


@dataclass(frozen=True)
class Made:
    """The mix, as folders."""

    mix: Mix

    checks: Path | None = None
    """What judges replies to prompts."""

    @property
    def data(self) -> Data:
        return Data(**{name: folder.path for name, folder in vars(self.mix).items()}, checks=self.checks)


def tokenizer_table() -> pa.Table:
    """A byte-level BPE of 320 entries with an end-of-text token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["what is the sum of one and two ? say the word again"] * 4, trainer)
    row = {
        "name": "trained",
        "definition": tokenizer.to_str(),
        "vocabulary": 320,
        "end": tokenizer.token_to_id(END),
        "begin": None,
        "chat_template": None,
        "special_tokens": json.dumps({"eos_token": END}),
    }
    return pa.Table.from_pylist([row], schema=TOKENIZER)


def token_table(
    source: str,
    count: int,
    seed: int,
    pair: bool = False,
    silent: bool = False,
    task: str | None = None,
    planted: bool = False,
) -> pa.Table:
    """Examples that a model can learn: a reply repeats the prompt. `silent`: no token of them is trained on.

    `pair`: the worse reply is as good as the better one; `planted`: it is made of other tokens.
    """
    task = "preference" if pair else task or TASKS[source]
    rng = np.random.default_rng(seed)
    prompts = [rng.integers(1, 40, rng.integers(4, 12)).tolist() for _ in range(count)]
    ids = [[*prompt, 50, *prompt, 0] for prompt in prompts]
    loss = [[not silent and place > len(prompt) for place in range(2 * len(prompt) + 2)] for prompt in prompts]
    split = ["validation" if n % 8 == 7 else "train" for n in range(count)]
    worse = [[*prompt, 50, *rng.integers(100, 140, len(prompt)).tolist(), 0] for prompt in prompts] if planted else ids
    sides = (worse, loss) if pair else ([None] * count, [None] * count)
    return pa.table({
        "id": [f"{source}/{n}#r" for n in range(count)],
        "record": pa.array(range(count), pa.int64()),
        "source": pa.array([source] * count).dictionary_encode(),
        "task": pa.array([task] * count).dictionary_encode(),
        "recipe": pa.array(["r"] * count).dictionary_encode(),
        "split": pa.array(split).dictionary_encode(),
        "text": pa.array(range(count), pa.uint64()),
        "ids": pa.array(ids, pa.large_list(pa.uint16())),
        "loss": pa.array(loss, pa.large_list(pa.bool_())),
        "rejected_text": pa.nulls(count, pa.uint64()),
        "rejected_ids": pa.array(sides[0], pa.large_list(pa.uint16())),
        "rejected_loss": pa.array(sides[1], pa.large_list(pa.bool_())),
    })  # fmt: skip


def make_mix(folder: Path, tracks: Mapping[str, dict[str, Any]] | None = None, **given: Any) -> Made:
    """Two sources, 240 examples, in sequences of 64 tokens and batches of four.

    `tracks`: dials of each, in place of one named `sft`. `given`: to `token_table`; without a `task` each source has its own,
    with one they share it and its one concept, so that they meet in sequences.
    """
    kind = "pairs" if given.get("pair") else "packed"
    tables = {f"{name}-00000": token_table(name, 120, seed, **given) for seed, name in enumerate(TASKS)}
    tasks = {name: "preference" if given.get("pair") else given.get("task", task) for name, task in TASKS.items()}
    rows = {name: [{"task": tasks[name], "prompt": "p", "reply": "r"}] * 120 for name in TASKS}
    points = np.eye(2, 4, dtype=np.float32)
    own = {name: 0 if "task" in given else n for n, name in enumerate(TASKS)}
    concepts = [
        {"concept": n, "task": tasks[name], "name": name, "centroid": points[n], "dispersion": 0.5}
        for n, name in sorted({n: name for name, n in own.items()}.items())
    ]
    placed = {
        f"{name}-00000": pa.table({"concept": pa.array([own[name]] * 120, pa.int32()), "closeness": np.ones(120, np.float32)})
        for name in TASKS
    }
    run = runner(folder)
    tokens, concepts_ = (
        folder_of(folder / "tokens", tables),
        folder_of(folder / "concepts", {"concepts": pa.Table.from_pylist(concepts, schema=CONCEPT)}),
    )
    places = folder_of(folder / "placed", placed)
    counts = run("counts", count_tokens(tokens, records_of(folder / "records", rows), places, ENGINE))
    common = {"kind": kind, "sequence_tokens": SEQUENCE, "batch_sequences": BATCH, "max_epochs": 2}
    dials = MixConfig(tracks={name: {**common, **own} for name, own in (tracks or {"sft": {}}).items()})
    weights = run("weights", weigh_tracks(counts, concepts_, dials, ENGINE))
    sequences = run("sequences", pack_sequences(tokens, counts, places, dials, ENGINE))
    schedule = run("schedule", schedule_batches(sequences, weights, concepts_, dials, ENGINE))
    tokenizer = folder_of(folder / "tokenizer", {"tokenizer": tokenizer_table()})
    return Made(Mix(tokens, sequences, schedule, tokenizer))


def training(
    made: Made,
    machine: Machine = MACHINE,
    objective: Objective | None = None,
    before: RunConfig | None = None,
    scores: Scores | None = None,
    **dials: Any,
) -> Training:
    """A run over the mix; `dials`: `model`, `train`, `hardware` of a StageConfig."""
    given = {"model": {"name": "small"}, **dials}
    given["train"] = {"steps": 6, "validation": {"every_steps": 3, "sequences_per_task": 4}, **given.get("train", {})}
    config = StageConfig.model_validate(given)
    givens = Givens(made.mix, SHAPES, FormConfig(), LICENCES, machine)
    with naming("finetune"):
        run, need = prepare_run("finetune", config, givens, objective, before, scores)
    return Training(run, made.data, need.total)


def ranks(count: int) -> Machine:
    """So many CPU ranks."""
    return MACHINE.model_copy(update={"ranks": count})


def job(made: Made, folder: Path, machine: Machine = MACHINE, **given: Any) -> Job:
    """The same with a folder to run in."""
    return training(made, machine, **given).job(folder)


def losses(folder: Path) -> list[float]:
    """The training loss of each step that a run has logged."""
    return steps(folder, "loss")


def steps(folder: Path, what: str) -> list[float]:
    """What a run has logged of each step: `loss`, `tokens`, ..."""
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [line[what] for line in lines if "loss" in line]
