"""Held out: examples of the split `test`, which no training saw, asked in the form of training."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.evaluation.exams import Chosen
from polymath.evaluation.held_out import HELD_OUT_ANSWER, HeldOut
from polymath.evaluation.held_out import answer_held_out as answers_of
from polymath.evaluation.models import Model
from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.evaluate.config import NO_MIX, EvaluateConfig
from polymath.pipelines.evaluate.speakers import load_speaker
from polymath.store.digest import digest_json, fold
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 1
SPLIT = "test"
SIDE = ("ids", "loss")


class TaskConfig(Config):
    """What a task's answers depend on beside model and examples."""

    answers: int
    losses: int
    new_tokens: int
    batch: int
    device: str


class Wanted:
    """One task of the split, as a plan's input."""

    def __init__(self, task: str) -> None:
        self.task = task

    @property
    def digest(self) -> str:
        """Of its name."""
        return digest_json([self.task])


def answer_held_out(
    trained: Trained | None,
    mixed_tokens: ShardFolder | None,
    mixed_tokenizer: ShardFolder | None,
    evaluate: EvaluateConfig,
    suites: Suites,
    harness: Harness,
    engine: EngineConfig,
) -> Plan:
    """What each model answers to held-out prompts of each task of the mix, and its loss; nothing if the suite does not ask."""
    chosen = Chosen.of(evaluate, suites, harness)
    items: list[Item] = []
    if chosen.held_out:
        if mixed_tokens is None or mixed_tokenizer is None:
            raise UserError(NO_MIX)
        tasks = sorted(_tasks(mixed_tokens))
        models = evaluate.models(trained)
        items = [
            Item(f"{model.label}-{task}", (model, Wanted(task), mixed_tokens, mixed_tokenizer), 1)
            for model in models
            for task in tasks
        ]
    dials = evaluate.held_out
    config = TaskConfig(
        answers=dials.answers_per_task,
        losses=dials.losses_per_task,
        new_tokens=dials.max_new_tokens,
        batch=evaluate.batch,
        device=evaluate.device,
    )
    given = {"tokens": mixed_tokens, "tokenizer": mixed_tokenizer}
    inputs = {name: folder.digest for name, folder in given.items() if folder is not None}
    libraries = ("transformers", "torch")
    engine = evaluate.engine(engine)
    return Plan("held_out", answer_task, tuple(items), config, VERSION, libraries=libraries, engine=engine, inputs=inputs)


def answer_task(model: Model, wanted: Wanted, tokens: ShardFolder, tokenizer: ShardFolder, config: TaskConfig) -> pa.Table:
    """One model's answers to one task (schema HELD_OUT_ANSWER)."""
    definition = tokenizer.read(["definition"])["definition"][0].as_py()
    examples = held_out_examples(tokens, wanted.task, max(config.answers, config.losses))
    rows = answers_of(
        load_speaker(model, config.device), definition, wanted.task, examples, config.answers, config.new_tokens, config.batch
    )
    return pa.Table.from_pylist([{"model": model.name, **row} for row in rows], HELD_OUT_ANSWER)


def held_out_examples(tokens: ShardFolder, task: str, most: int) -> list[HeldOut]:
    """Examples of the split `test`, spread evenly and the same for every model: the first by a hash of their names."""
    places: list[tuple[float, int, int]] = []
    for number, shard in enumerate(tokens.shards):
        table = shard.read(["id", "task", "split"])
        mine = pc.and_(*(pc.equal(table[name].cast(pa.string()), value) for name, value in (("task", task), ("split", SPLIT))))
        rows = np.flatnonzero(pc.fill_null(mine, False).to_numpy())
        names = table["id"].take(pa.array(rows)).to_pylist()
        places += [(fold(name, "held out"), number, int(row)) for name, row in zip(names, rows, strict=True)]
    chosen = sorted(places)[:most]
    found: dict[tuple[int, int], HeldOut] = {}
    for number in sorted({shard for _, shard, _ in chosen}):
        wanted = sorted(row for _, shard, row in chosen if shard == number)
        table = tokens.shards[number].take(wanted, ["id", "source", *SIDE, *(f"rejected_{name}" for name in SIDE)])
        for row, line in zip(wanted, table.to_pylist(), strict=True):
            rejected = _side(line, "rejected_", None) if line["rejected_ids"] is not None else None
            found[number, row] = _side(line, "", rejected)
    return [found[shard, row] for _, shard, row in chosen]


def _side(line: dict[str, Any], side: str, rejected: HeldOut | None) -> HeldOut:
    ids, loss = (line[f"{side}{name}"] for name in SIDE)
    return HeldOut(line["id"], line["source"], np.array(ids), np.array(loss, bool), rejected)


def _tasks(tokens: ShardFolder) -> Counter[str]:
    """Examples of each task in the split `test`."""
    found: Counter[str] = Counter()
    for table in tokens.tables(["task", "split"]):
        mine = table.filter(pc.equal(table["split"].cast(pa.string()), SPLIT))["task"]
        found.update(mine.cast(pa.string()).to_pylist())
    return found
