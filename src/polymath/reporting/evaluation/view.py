"""What the page shows, taken from the datasets: rows by benchmark, by task and by probe."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from polymath.config import Config

Rows = list[dict[str, Any]]
TEXT = "text"
"""The task of plain text."""
SAMPLES = 3
"""Answers that are shown of each task, and transcripts of each probe: the worst first."""


class PageConfig(Config):
    """What the datasets do not say themselves."""

    model: str
    place: str
    against: tuple[str, ...]
    suite: tuple[str, ...]
    limit: int | None
    confidence: float
    overlap_words: int
    left_out: dict[str, str]
    replayed: dict[str, float] = Field(default_factory=dict)
    """Share of plain text in what each model was tuned on, of those that a run here has tuned."""


@dataclass
class View:
    """The page's parts."""

    config: PageConfig
    benchmarks: dict[str, Rows] = field(default_factory=dict)
    """Main metric of each benchmark as a whole, a row for each model."""
    parts: dict[str, Rows] = field(default_factory=dict)
    """Every metric and part of each benchmark, of the model that is evaluated."""
    questions: dict[str, Rows] = field(default_factory=dict)
    """Some items of each benchmark, as the model answered them."""
    overlapping: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Items of each benchmark that share words with the mix, and all of its items."""
    mixed: bool = False
    """There was a mix to look in."""
    tasks: dict[str, Rows] = field(default_factory=dict)
    """Scores of each task of the mix, a row for each model: its main score and its losses by name."""
    answers: dict[str, Rows] = field(default_factory=dict)
    probes: dict[str, Rows] = field(default_factory=dict)
    """The whole score of each probe, a row for each model."""
    scorers: dict[str, Rows] = field(default_factory=dict)
    """By each scorer, of the model that is evaluated."""
    transcripts: dict[str, list[Rows]] = field(default_factory=dict)
    """Conversations of each probe, turn by turn."""
    comparison: Rows = field(default_factory=list)

    @property
    def kept(self) -> Rows:
        """What each model still knows, by how much plain text it was tuned on; first those that no run here has tuned.

        `text`: its row of the task of plain text, if any; `benchmarks`: main scores by name. Empty with one model alone.
        """
        models = (self.config.model, *self.config.against)
        text = {row["model"]: row for row in self.tasks.get(TEXT, [])}
        rows = [
            {
                "model": model,
                "replayed": self.config.replayed.get(model),
                "text": text.get(model),
                "benchmarks": {name: row for name, rows in self.benchmarks.items() for row in rows if row["model"] == model},
            }
            for model in models
        ]
        return sorted(rows, key=lambda row: -1.0 if row["replayed"] is None else row["replayed"]) if len(models) > 1 else []

    @property
    def is_empty(self) -> bool:
        """Nothing was scored."""
        return not (self.benchmarks or self.tasks or self.probes)

    @property
    def empty_answers(self) -> tuple[int, int]:
        """Answers without a word, and all answers, to held-out prompts."""
        said = [row["answer"] for rows in self.answers.values() for row in rows]
        return sum(not each.strip() for each in said), len(said)


def view_of(config: PageConfig, made: dict[str, Rows]) -> View:
    """The page's parts from the rows of each dataset."""
    view = View(config)
    _add_benchmarks(view, made)
    _add_tasks(view, made)
    _add_probes(view, made)
    view.comparison = made["model_comparison"]
    return view


def _add_benchmarks(view: View, made: dict[str, Rows]) -> None:
    scores = made["benchmark_scores"]
    whole = [row for row in scores if row["main"] and row["task"] == row["benchmark"]]
    view.benchmarks = _by(whole, "benchmark")
    view.mixed = any(row["clean_items"] is not None for row in scores)
    mine = view.config.model
    view.parts = _by([row for row in scores if row["model"] == mine], "benchmark")
    seen = {row["item"] for row in made["benchmark_overlaps"]}
    for name, rows in _by([row for row in made["benchmark_items_scored"] if row["model"] == mine], "benchmark").items():
        view.overlapping[name] = (sum(row["item"] in seen for row in rows), len(rows))
        view.questions[name] = [{**row, "seen": row["item"] in seen} for row in rows[:SAMPLES]]


def _add_tasks(view: View, made: dict[str, Rows]) -> None:
    models = (view.config.model, *view.config.against)
    for task, rows in _by(made["held_out_scores"], "task").items():
        lines = []
        for model in models:
            mine = {row["metric"]: row for row in rows if row["model"] == model}
            if mine:
                main = next(row for row in mine.values() if row["main"])
                lines.append({"model": model, "main": main if main["metric"] != "loss" else None, **mine})
        view.tasks[task] = lines
    said = [row for row in made["held_out_answers"] if row["model"] == view.config.model and row["answer"] is not None]
    view.answers = _by(said, "task")


def _add_probes(view: View, made: dict[str, Rows]) -> None:
    mine = view.config.model
    view.probes = _by([row for row in made["probe_scores"] if row["scorer"] == "all"], "probe")
    view.scorers = _by([r for r in made["probe_scores"] if r["scorer"] != "all" and r["model"] == mine], "probe")
    talks: dict[str, dict[tuple[int, int, int], Rows]] = defaultdict(lambda: defaultdict(list))
    for row in made["probe_transcripts"]:
        if row["model"] == mine:
            talks[row["probe"]][row["item"], row["wording"], row["sample"]].append(row)
    for probe, found in talks.items():
        view.transcripts[probe] = sorted(found.values(), key=lambda turns: turns[-1]["score"])


def _by(rows: Rows, name: str) -> dict[str, Rows]:
    found: dict[str, Rows] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return dict(found)
