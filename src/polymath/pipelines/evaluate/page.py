"""Tell: the evaluation as one HTML page."""

from __future__ import annotations

from pathlib import Path

from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.evaluation.exams import Chosen
from polymath.evaluation.suites import Harness, Suites
from polymath.pipelines.evaluate.config import EvaluateConfig
from polymath.reporting.evaluation.view import TEXT, PageConfig
from polymath.store.folder import ShardFolder
from polymath.training.trained import Trained

VERSION = 2
SOURCES = (
    "benchmark_scores",
    "benchmark_items_scored",
    "benchmark_overlaps",
    "held_out_scores",
    "held_out_answers",
    "probe_scores",
    "probe_transcripts",
    "model_comparison",
)
"""What the page tells of, in the order in which the node takes it."""


def write_evaluation_page(
    benchmark_scores: ShardFolder,
    benchmark_items_scored: ShardFolder,
    benchmark_overlaps: ShardFolder,
    held_out_scores: ShardFolder,
    held_out_answers: ShardFolder,
    probe_scores: ShardFolder,
    probe_transcripts: ShardFolder,
    model_comparison: ShardFolder,
    trained: Trained | None,
    evaluate: EvaluateConfig,
    suites: Suites,
    harness: Harness,
    engine: EngineConfig,
) -> Plan:
    """One page: scores with their intervals, with and without what the mix holds, answers, probes, and who is better."""
    made = (
        benchmark_scores,
        benchmark_items_scored,
        benchmark_overlaps,
        held_out_scores,
        held_out_answers,
        probe_scores,
        probe_transcripts,
        model_comparison,
    )
    model, *others = evaluate.models(trained)
    config = PageConfig(
        model=model.name,
        place=_nearby(model.place),
        against=tuple(other.name for other in others),
        suite=evaluate.suite,
        limit=evaluate.limit,
        confidence=evaluate.confidence,
        overlap_words=evaluate.overlap_words,
        left_out=Chosen.of(evaluate, suites, harness).left_out,
        replayed={each.name: _replayed(each.run) for each in (model, *others) if each.run is not None},
    )
    item = Item("evaluation", made, sum(folder.rows for folder in made))
    inputs = {name: folder.digest for name, folder in zip(SOURCES, made, strict=True)}
    return Plan("tell", page_of, (item,), config, VERSION, engine=engine, inputs=inputs)


def page_of(*given: ShardFolder | PageConfig) -> Piece:
    """The datasets in the order of SOURCES, then the config."""
    from polymath.reporting.evaluation.page import write_page

    *folders, config = given
    assert isinstance(config, PageConfig)
    rows = {}
    for name, folder in zip(SOURCES, folders, strict=True):
        assert isinstance(folder, ShardFolder)
        rows[name] = folder.read().to_pylist() if folder.shards else []
    return write_page(rows, config)


def _replayed(run: Trained) -> float:
    """The share of plain text among the tokens that a run drew."""
    return run.job.run.mix.composition.get(TEXT, 0.0)


def _nearby(place: str) -> str:
    """A folder of the project without the way to the project: the page says the same wherever that lies."""
    path = Path(place)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else place
