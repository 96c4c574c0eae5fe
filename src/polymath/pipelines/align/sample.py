"""Sample: replies of the aligned model and of the one that it was, to the same prompts, and what each earns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.evaluation.models import Model
from polymath.pipelines.align.config import AlignConfig, SamplesConfig
from polymath.pipelines.align.prepare import depends_on, settled
from polymath.records import TURNS
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.training.checkpoints import step_of
from polymath.training.objectives import Rewards
from polymath.training.pairs import held_out
from polymath.training.prompts import CHECK, Prompts
from polymath.training.tracks import Track, evenly
from polymath.training.trained import Trained

VERSION = 1
Role = Literal["start", "round", "checkpoint", "aligned"]
START: Role = "start"
ROUND: Role = "round"
CHECKPOINT: Role = "checkpoint"
ALIGNED: Role = "aligned"
HELD_OUT, TRAINING = "held out", "training"
REWARD = pa.struct([("name", pa.string()), ("value", pa.float64())])
REPLY = pa.schema(
    [
        ("model", pa.string()),
        ("role", pa.string()),  # start, round, checkpoint or aligned
        ("step", pa.int32()),  # of the run, after which the model was so
        ("prompts", pa.string()),  # held out, or of the training split
        ("id", pa.string()),  # of the example
        ("source", pa.string()),
        ("prompt", pa.string()),
        ("copy", pa.int32()),  # which of the replies to this prompt
        ("reply", pa.string()),
        ("tokens", pa.int32()),
        ("ended", pa.bool_()),
        ("rewards", pa.list_(REWARD)),  # those that say something of it
        ("reward", pa.float64()),  # their weighted sum; null where none says anything
    ]
)


class DrawConfig(Config):
    """What replies depend on beside model and prompts."""

    track: str
    dials: SamplesConfig
    rewards: Rewards
    seen: dict[str, str]
    """Digests of what rewards depend on."""


@dataclass(frozen=True)
class Sampled:
    """A model at a step of the run, as a plan's input."""

    model: Model
    role: Role
    step: int

    @property
    def digest(self) -> str:
        """Of the model and its part in the run."""
        return digest_json([self.model.digest, self.role, self.step])


def draw_replies(
    aligned: Trained,
    rewarded: Trained | None,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    prompt_checks: ShardFolder,
    align: AlignConfig,
    engine: EngineConfig,
) -> Plan:
    """Replies (schema REPLY) of the starting model, of the kept checkpoints and of the aligned one, each with its rewards."""
    align = settled(align, rewarded)
    folders = (tokens, sequences, schedule, tokenizer, prompt_checks)
    items = tuple(
        Item(f"{number}-{each.role}", (each, *folders), 1)
        for number, each in enumerate(models_of(aligned))
        if align.samples.prompts
    )
    config = DrawConfig(track=align.asked, dials=align.samples, rewards=align.rewards, seen=depends_on(align, prompt_checks))
    inputs = {"sequences": sequences.digest, "prompt_checks": prompt_checks.digest}
    libraries = ("transformers", "torch")
    return Plan("sample", answer_prompts, items, config, VERSION, libraries=libraries, engine=engine, inputs=inputs)


def models_of(aligned: Trained) -> list[Sampled]:
    """The model that the first round started from, those that the rounds left, those at this one's kept checkpoints."""
    *rounds, _ = chain = aligned.chain
    start = chain[0].job.run.start
    found, done = [Sampled(Model(start.place, start.revision), START, 0)], 0
    for each in rounds:
        done += each.result["step"]
        found.append(Sampled(Model(str(each.model)), ROUND, done))
    for path in aligned.checkpoints:
        found.append(Sampled(Model(str(path)), CHECKPOINT, done + step_of(path)))
    return [*found, Sampled(Model(str(aligned.model)), ALIGNED, done + aligned.result["step"])]


def answer_prompts(
    sampled: Sampled,
    tokens: ShardFolder,
    sequences: ShardFolder,
    schedule: ShardFolder,
    tokenizer: ShardFolder,
    checks: ShardFolder,
    config: DrawConfig,
) -> pa.Table:
    """What one model replies (schema REPLY)."""
    from polymath.pipelines.align.speaking import answers

    dials = config.dials
    track = Track(tokens, sequences, schedule, config.track)
    facts = next((shard.read() for shard in checks.shards if shard.name == track.name), CHECK.empty_table())
    asked = {HELD_OUT: evenly(held_out(track, dials.prompts), dials.prompts)}
    if sampled.role == ALIGNED and dials.pairs:
        asked[TRAINING] = evenly(np.unique(track.order), dials.pairs)
    rows: list[dict[str, Any]] = []
    for kind, some in asked.items():
        prompts = Prompts(track, facts, some, track.sequence_tokens)
        said = answers(sampled.model, prompts, dials, config.rewards)
        same = {"model": sampled.model.name, "role": sampled.role, "step": sampled.step, "prompts": kind}
        rows += [{**same, **row} for row in said]
    return pa.Table.from_pylist(rows, REPLY)


PAIR = pa.schema(
    [
        ("messages", TURNS),  # what was asked, without the form that training puts around it
        ("chosen", pa.string()),
        ("rejected", pa.string()),
        ("margin", pa.float64()),  # of what they earn
        ("parents", pa.list_(pa.string())),  # the record whose prompt it is
    ]
)


class PairsConfig(Config):
    """What pairs are made of."""

    model: str
    """The name of the model whose replies they are."""


def pair_replies(aligned: Trained, align_replies: ShardFolder, examples: ShardFolder, engine: EngineConfig) -> Plan:
    """The best and the worst reply of the aligned model to each training prompt (schema PAIR), where one earns more."""
    item = Item("pairs", (align_replies, examples), align_replies.rows)
    inputs = {"aligned": aligned.digest, "align_replies": align_replies.digest, "examples": examples.digest}
    config = PairsConfig(model=aligned.name)
    return Plan("sample", best_and_worst, (item,), config, VERSION, engine=engine, inputs=inputs)


def best_and_worst(replies: ShardFolder, examples: ShardFolder, config: PairsConfig) -> pa.Table:
    """A row for each prompt whose replies differ in what they earn."""
    by_prompt: dict[str, list[dict[str, Any]]] = {}
    for table in replies.tables(["prompts", "model", "id", "reply", "reward"]):
        for row in table.to_pylist():
            if row["prompts"] == TRAINING and row["model"] == config.model and row["reward"] is not None:
                by_prompt.setdefault(row["id"], []).append(row)
    asked, found = _conversations(examples, list(by_prompt)), []
    for name, rows in by_prompt.items():
        best, worst = (pick(rows, key=lambda row: row["reward"]) for pick in (max, min))
        if best["reward"] > worst["reward"] and best["reply"] != worst["reply"]:
            sides = {"chosen": best["reply"], "rejected": worst["reply"], "margin": best["reward"] - worst["reward"]}
            found.append({"messages": asked[name], **sides, "parents": [name.rpartition("#")[0]]})
    return pa.Table.from_pylist(found, PAIR)


def _conversations(examples: ShardFolder, names: list[str]) -> dict[str, list[dict[str, str]]]:
    """The turns before the reply of each of these examples; what a prompt is about stands below it."""
    found: dict[str, list[dict[str, str]]] = {}
    for table in examples.tables(["id", "system", "history", "prompt", "input"]):
        for row in table.filter(pc.is_in(table["id"], pa.array(names, pa.string()))).to_pylist():
            system = [{"role": "system", "content": row["system"]}] if row["system"] else []
            content = "\n\n".join(part for part in (row["prompt"], row["input"]) if part)
            found[row["id"]] = [*system, *(row["history"] or []), {"role": "user", "content": content}]
    return found
