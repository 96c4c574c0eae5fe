"""Probes: conversations and beginnings of texts, one probe of one model a shard, and what their replies are worth."""

from __future__ import annotations

import pyarrow as pa

from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.evaluation.exams import Chosen
from polymath.evaluation.models import Model
from polymath.evaluation.probes import PROBE_SCORE, TRANSCRIPT, Probes, run_probes, scores_table, transcripts_table
from polymath.evaluation.suites import Harness, Suites
from polymath.evaluation.talk import Sampling
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.pipelines.evaluate.speakers import load_speaker
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 1

MODEL = pa.field("model", pa.string())
TRANSCRIPTS, SCORES = pa.schema([MODEL, *TRANSCRIPT]), pa.schema([MODEL, *PROBE_SCORE])


class AskConfig(Sampling):
    """How replies are drawn, and where the model lies in memory."""

    device: str


class Asked:
    """One probe as a plan's input."""

    def __init__(self, name: str, probes: Probes) -> None:
        self.name = name
        self.probes = Probes.model_validate({name: probes.chosen[name]})

    @property
    def digest(self) -> str:
        """Of prompts, scorers and limits."""
        return digest_json(self.probes.model_dump(mode="json"))


def ask_probes(
    trained: Trained | None,
    probes: Probes,
    evaluate: EvaluateConfig,
    suites: Suites,
    harness: Harness,
    engine: EngineConfig,
) -> Plan:
    """What each model says to each probe, every turn; nothing if the suite does not ask for probes."""
    items: tuple[Item, ...] = ()
    if Chosen.of(evaluate, suites, harness).probes:
        every = [(model, Asked(name, probes)) for model in evaluate.models(trained) for name in probes.chosen]
        items = tuple(Item(f"{model.label}-{asked.name}", (model, asked), 1) for model, asked in every)
    config = AskConfig(**evaluate.probes.model_dump(), device=evaluate.device)
    libraries = ("transformers", "torch")
    return Plan("probes", ask_one, items, config, VERSION, libraries=libraries, engine=evaluate.engine(engine))


def ask_one(model: Model, asked: Asked, config: AskConfig) -> Piece:
    """The transcripts of one probe (schema TRANSCRIPTS); the note has its scores. None from a model that cannot converse."""
    results = run_probes(load_speaker(model, config.device), asked.probes, config)
    scores = scores_table(results).to_pylist()
    return Piece(_of_model(transcripts_table(results), model.name), {"model": model.name, "scores": scores})


def score_probes(probe_transcripts: ShardFolder, engine: EngineConfig) -> Plan:
    """A row for each probe and each of its scorers (schema SCORES)."""
    item = Item("scores", (probe_transcripts,), probe_transcripts.rows)
    inputs = {"probe_transcripts": probe_transcripts.digest}
    return Plan("probes", list_probe_scores, (item,), version=VERSION, engine=engine, inputs=inputs)


def list_probe_scores(transcripts: ShardFolder) -> pa.Table:
    """What the shards' notes say."""
    notes = [shard.entry.note for shard in transcripts.shards]
    return pa.Table.from_pylist([{"model": note["model"], **row} for note in notes for row in note["scores"]], SCORES)


def _of_model(table: pa.Table, model: str) -> pa.Table:
    return table.add_column(0, MODEL, pa.array([model] * len(table), pa.string()))
