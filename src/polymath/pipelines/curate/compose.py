"""Compose: recipes make training examples of records. A recipe is YAML: wordings and templates over the record's fields."""

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pydantic import Field, RootModel, model_validator

from polymath.config import Config, Words
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError, choices, unknown
from polymath.pipelines.curate.decisions import aligned
from polymath.pipelines.curate.ingest import Sources
from polymath.records import EXAMPLE, TEXT_FIELDS
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard
from polymath.tasks import TASKS

VERSION = 1
TEMPLATES = ("system", "input", "reply", "text", "chosen", "rejected")


class Recipe(Config):
    """One way to make an example of a record. It applies where every field that it names is there."""

    prompt: tuple[str, ...] = ()
    """Wordings of what is asked; each record gets one of them, always the same."""
    input: str | None = None
    """What the prompt is about: a passage, a document, code."""
    reply: str | None = None
    """What is trained on."""
    system: str | None = None
    """The system prompt."""
    history: bool = False
    """Put the earlier turns of the conversation before the prompt."""
    text: str | None = None
    """Plain text, trained on whole, in place of prompt and reply."""
    chosen: str | None = None
    """The better reply of a pair."""
    rejected: str | None = None
    """The worse reply of a pair."""
    without: Words = ()
    """Fields that must be missing: an instruction that has an input is not asked without it."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the records that this recipe makes an example of, drawn by a hash."""

    @property
    def templates(self) -> dict[str, str]:
        """The templates that are set, by the example's field."""
        return {name: getattr(self, name) for name in TEMPLATES if getattr(self, name) is not None}

    @property
    def fields(self) -> list[str]:
        """Every field that it names."""
        named = [field for template in (*self.prompt, *self.templates.values()) for field in _fields_of(template)]
        return [*named, *self.without]


class Recipes(RootModel[dict[str, dict[str, Recipe | None]]]):
    """`params:recipes`: task -> recipe name -> recipe; null switches one off."""

    @model_validator(mode="after")
    def _fields_are_known(self) -> "Recipes":
        for task, recipes in self.root.items():
            if task not in TASKS:
                raise UserError(f"{task!r} is not a task; {choices(task, TASKS)}")
            known = {*TEXT_FIELDS, *_derived_names(task)}
            for name, recipe in recipes.items():
                for field in recipe.fields if recipe else ():
                    if field not in known:
                        raise UserError(f"{task}.{name}: {{{field}}} is not a field; {choices(field, known)}")
        return self

    def of(self, task: str) -> dict[str, Recipe]:
        """The recipes of a task that are not switched off."""
        return {name: recipe for name, recipe in self.root.get(task, {}).items() if recipe is not None}


class ComposeConfig(Config):
    """The recipes that one source's records go through, by task."""

    recipes: dict[str, dict[str, Recipe]]
    salt: str = "polymath"
    """Salt of wordings and shares."""


def compose_examples(
    records: ShardFolder, select_decisions: ShardFolder, recipes: Recipes, sources: Sources, engine: EngineConfig
) -> Plan:
    """Make examples of the kept records, by the recipes of the task that each has now."""
    aligned(records, select_decisions)
    every = {task: recipes.of(task) for task in TASKS}
    pairs = zip(records.shards, select_decisions.shards, strict=True)
    items = tuple(
        Item(record.name, (record, decisions, _chosen(sources, record.entry.note["source"], every)), record.rows)
        for record, decisions in pairs
    )
    inputs = {"records": records.digest, "select_decisions": select_decisions.digest}
    return Plan("compose", compose_shard, items, ComposeConfig(recipes=every), VERSION, engine=engine, inputs=inputs)


@dataclass(frozen=True)
class Chosen:
    """The names of the recipes that a source's entry asks for; none: all of its task."""

    names: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Of the names."""
        return digest_json(self.names)


def _chosen(sources: Sources, name: str, recipes: Mapping[str, Mapping[str, Recipe]]) -> Chosen:
    source = sources.root[name]
    for recipe in source.recipes:
        if recipe not in recipes[source.task]:
            raise unknown(f"sources.{name}.recipes", recipe, f"recipe of {source.task}", recipes[source.task])
    return Chosen(source.recipes)


def compose_shard(records: Shard, decisions: Shard, chosen: Chosen, config: ComposeConfig) -> pa.Table:
    """Examples (schema EXAMPLE) of one record shard, in the order of its records."""
    table = records.read()
    state = decisions.read(["kept", "task"])
    kept, tasks = state["kept"].to_numpy(), state["task"].cast(pa.string()).to_numpy()
    parts = [EXAMPLE.empty_table()]
    for task in sorted(set(tasks[kept])):
        rows = np.flatnonzero(kept & (tasks == task))
        recipes = {n: r for n, r in config.recipes[task].items() if not chosen.names or n in chosen.names}
        parts += _examples_of(table.take(pa.array(rows)), rows, task, recipes, config.salt)
    return pa.concat_tables(parts).sort_by([("record", "ascending"), ("id", "ascending")]).unify_dictionaries()


def _examples_of(records: pa.Table, rows: np.ndarray, task: str, recipes: Mapping[str, Recipe], salt: str) -> list[pa.Table]:
    fields = {name: records[name].combine_chunks() for name in TEXT_FIELDS} | dict(TASKS[task].derive(records))
    luck = np.array([xxhash.xxh3_64_intdigest(f"{salt} {name}".encode()) for name in records["id"].to_pylist()], np.uint64)
    return [_examples_by(name, recipe, records, rows, task, fields, luck) for name, recipe in recipes.items()]


def _examples_by(
    name: str,
    recipe: Recipe,
    records: pa.Table,
    rows: np.ndarray,
    task: str,
    fields: Mapping[str, pa.Array],
    luck: np.ndarray,
) -> pa.Table:
    """The examples that one recipe makes; only of records that have all it names, and that its share draws."""
    size = len(records)
    drawn = _mixed(luck, name)
    columns: dict[str, Any] = {field: _filled(text, fields, size) for field, text in recipe.templates.items()}
    if recipe.prompt:
        columns["prompt"] = _worded(recipe.prompt, drawn, fields, size)
    if recipe.history:
        columns["history"] = fields["history"]
    required = [columns[field] for field in columns if field not in ("system", "history")]
    applies = (drawn >> np.uint64(11)).astype(np.float64) / 2**53 < recipe.share
    for column in required:
        applies &= column.is_valid().to_numpy(zero_copy_only=False)
    for field in recipe.without:
        applies &= fields[field].is_null().to_numpy(zero_copy_only=False)
    columns["id"] = pc.binary_join_element_wise(records["id"].combine_chunks(), f"#{name}", "")
    columns["record"] = pa.array(rows)
    columns["source"] = records["source"].combine_chunks()
    for field, value in (("task", task), ("recipe", name)):
        columns[field] = pa.DictionaryArray.from_arrays(pa.array([0] * size, pa.int32()), pa.array([value]))
    arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in EXAMPLE]
    return pa.Table.from_arrays(arrays, schema=EXAMPLE).filter(pa.array(applies))


def _mixed(luck: np.ndarray, name: str) -> np.ndarray:
    """A hash of record and recipe: uint64[n], from the records' hashes."""
    mixed = (luck ^ np.uint64(xxhash.xxh3_64_intdigest(name.encode()))) * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(29))


def _worded(wordings: tuple[str, ...], drawn: np.ndarray, fields: Mapping[str, pa.Array], size: int) -> pa.Array:
    """Each record's wording, filled; the draw uses other bits than the share does."""
    number = pa.array((drawn % np.uint64(len(wordings))).astype(np.int64))
    return pc.choose(number, *(_filled(wording, fields, size) for wording in wordings))


def _filled(template: str, fields: Mapping[str, pa.Array], size: int) -> pa.Array:
    """The template with each record's fields in it; null where one of them is."""
    parts: list[Any] = []
    for literal, field, _, _ in string.Formatter().parse(template):
        parts += [pa.scalar(literal)] if literal else []
        parts += [fields[field].cast(pa.string())] if field else []
    if not any(isinstance(part, pa.Array) for part in parts):
        return pa.array([template] * size, pa.string())
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "", null_handling="emit_null")


def _fields_of(template: str) -> list[str]:
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def _derived_names(task: str) -> list[str]:
    """What the task's `derive` offers, told by an empty table."""
    from polymath.records import RECORD

    return list(TASKS[task].derive(RECORD.empty_table()))
