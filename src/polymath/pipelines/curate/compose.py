"""Compose: recipes make training examples of records. A recipe is YAML: wordings and templates over the record's fields."""

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.pipelines.curate.decisions import aligned
from polymath.pipelines.curate.recipes import EXTRA, Recipe, Recipes, check_asked
from polymath.pipelines.curate.systems import SystemsConfig, given_systems
from polymath.pipelines.libraries import Sources
from polymath.records import EXAMPLE, RECORD, TEXT_FIELDS
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.store.rows import pick_rows, read_sound
from polymath.store.shards import Shard
from polymath.tasks import TASKS

VERSION = 3


class ComposeConfig(Config):
    """The recipes that one source's records go through, by task."""

    recipes: dict[str, dict[str, Recipe]]
    systems: SystemsConfig = SystemsConfig()
    salt: str = "polymath"
    """Salt of wordings and shares."""


def compose_examples(
    records: ShardFolder,
    select_decisions: ShardFolder,
    recipes: Recipes,
    systems: SystemsConfig,
    sources: Sources,
    engine: EngineConfig,
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
    config = ComposeConfig(recipes=every, systems=systems)
    return Plan("compose", compose_shard, items, config, VERSION, reuses=True, engine=engine, inputs=inputs)


@dataclass(frozen=True)
class Chosen:
    """The recipes that a source's entry asks for, by name; none: all of its task that are not made on request alone."""

    task: str
    names: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Of task and names."""
        return digest_json([self.task, self.names])

    def of(self, task: str, recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
        """Those for its records of a task; what an entry asks for is of the task that it declares, not of one they moved to."""
        if self.names and task == self.task:
            return {name: recipes[name] for name in self.names}
        return {name: recipe for name, recipe in recipes.items() if not recipe.on_request}


def _chosen(sources: Sources, name: str, recipes: Mapping[str, Mapping[str, Recipe]]) -> Chosen:
    source = sources.root[name]
    check_asked(name, source.task, source.recipes, recipes[source.task])
    return Chosen(source.task, source.recipes)


def chosen_recipes(sources: Sources, name: str, recipes: Mapping[str, Mapping[str, Recipe]]) -> dict[str, Recipe]:
    """The recipes that make examples of a source's own task."""
    return _chosen(sources, name, recipes).of(sources.root[name].task, recipes[sources.root[name].task])


def compose_shard(records: Shard, decisions: Shard, chosen: Chosen, config: ComposeConfig, previous: Sequence[Shard]) -> Piece:
    """Examples (schema EXAMPLE) of one record shard, in the order of its records.

    An example depends on its record, the task that it has now, and the recipes, whatever the other records' fates: those that
    an earlier run made of a record are copied. The note `origin` says of which records and recipes they are.
    """
    state = decisions.read(["kept", "task"])
    kept, tasks = state["kept"].to_numpy(), state["task"].cast(pa.string()).to_numpy()
    origin = digest_json([VERSION, records.digest, chosen.digest, config.model_dump(mode="json")])
    earlier = (shard for shard in previous if shard.name == records.name and shard.entry.note.get("origin") == origin)
    old = pa.concat_tables([EXAMPLE.empty_table(), *read_sound(earlier, EXAMPLE.names)])
    record = old["record"].to_numpy()
    stays = kept[record] & (tasks[record] == old["task"].cast(pa.string()).to_numpy())
    todo = kept.copy()
    todo[record[stays]] = False
    made = [pick_rows(old, np.flatnonzero(stays)), *_composed(records, np.flatnonzero(todo), tasks, chosen, config)]
    table = pa.concat_tables(made)
    order = pc.sort_indices(table.select(["record", "id"]), [("record", "ascending"), ("id", "ascending")])
    return Piece(pick_rows(table, order.to_numpy()).unify_dictionaries(), {"origin": origin})


def _composed(records: Shard, rows: np.ndarray, tasks: np.ndarray, chosen: Chosen, config: ComposeConfig) -> Iterator[pa.Table]:
    """The examples of the records in `rows`, task by task and recipe by recipe."""
    if not len(rows):
        return
    table = records.take(rows.tolist())
    for task in sorted(set(tasks[rows])):
        mine = np.flatnonzero(tasks[rows] == task)
        composer = Composer(pick_rows(table, mine), rows[mine], task, config)
        for name, recipe in chosen.of(task, config.recipes[task]).items():
            yield from (composer.examples(name, recipe, variant) for variant in range(recipe.variants))


class Composer:
    """The records of one task of a shard, and what recipes may name of them."""

    def __init__(self, records: pa.Table, rows: np.ndarray, task: str, config: ComposeConfig) -> None:
        """`records` (schema RECORD) stand at `rows` of the shard."""
        self.records, self.rows, self.task, self.config = records, rows, task, config
        names = records["id"].to_pylist()
        self.luck = np.array([xxhash.xxh3_64_intdigest(f"{config.salt} {name}".encode()) for name in names], np.uint64)
        self._fields: dict[tuple[tuple[str, str], ...], dict[str, pa.Array]] = {}

    def fields(self, recipe: Recipe) -> Mapping[str, pa.Array]:
        """Every field that the recipe may name, its classes and options in the recipe's own words."""
        words = tuple(sorted(recipe.verbalise.items()))
        if words not in self._fields:
            records = _verbalised(self.records, recipe.verbalise) if words else self.records
            known = {name: records[name].combine_chunks() for name in TEXT_FIELDS}
            self._fields[words] = known | dict(TASKS[self.task].derive(records))
        found = self._fields[words]
        for name in recipe.fields:
            if name not in found:  # of `extra`: read only where a recipe asks for it
                found[name] = _extra_of(self.records, name.removeprefix(EXTRA))
        return found

    def examples(self, name: str, recipe: Recipe, variant: int) -> pa.Table:
        """The examples that one recipe makes; only of records that have all it names, and that its share draws."""
        size, fields, drawn = len(self.records), self.fields(recipe), _mixed(self.luck, name)
        columns: dict[str, Any] = {field: _filled(text, fields, size) for field, text in recipe.templates.items()}
        if recipe.prompt:
            columns["prompt"] = _worded(recipe.prompt, drawn + np.uint64(variant), fields, size)
        required = [columns[field] for field in columns if field != "system"]
        applies = (drawn >> np.uint64(11)).astype(np.float64) / 2**53 < recipe.share
        for column in required:
            applies &= column.is_valid().to_numpy(zero_copy_only=False)
        for field in recipe.without:
            applies &= fields[field].is_null().to_numpy(zero_copy_only=False)
        for field, values in recipe.where.items():
            applies &= pc.is_in(fields[field].cast(pa.string()), pa.array(values)).to_numpy(zero_copy_only=False)
        if recipe.history:
            columns["history"] = fields["history"]
        label = f"{name}.{variant + 1}" if variant else name
        if recipe.library:
            columns |= given_systems(self.config.systems, self.task, columns, _mixed(self.luck, f"system of {label}"))
        columns |= self._identity(name, label, recipe)
        arrays = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in EXAMPLE]
        return pa.Table.from_arrays(arrays, schema=EXAMPLE).filter(pa.array(applies))

    def _identity(self, name: str, label: str, recipe: Recipe) -> dict[str, pa.Array]:
        """Whose example it is, by which recipe, and how its reply is checked."""
        nothing = pa.array([0] * len(self.records), pa.int32())
        same = {"task": self.task, "recipe": name} | ({"check": recipe.check} if recipe.check else {})
        return {
            "id": pc.binary_join_element_wise(self.records["id"].combine_chunks(), f"#{label}", ""),
            "record": pa.array(self.rows),
            "source": self.records["source"].combine_chunks(),
            **{field: pa.DictionaryArray.from_arrays(nothing, pa.array([value])) for field, value in same.items()},
        }


def _verbalised(records: pa.Table, words: Mapping[str, str]) -> pa.Table:
    """The records with their choices in other words."""
    named = [None if row is None else [words.get(one, one) for one in row] for row in records["choices"].to_pylist()]
    place = RECORD.get_field_index("choices")
    return records.set_column(place, RECORD.field(place), pa.array(named, RECORD.field(place).type))


def _extra_of(records: pa.Table, name: str) -> pa.Array:
    """What stands under a name in `extra`, as text; null where there is nothing."""
    found = [orjson.loads(extra).get(name) if extra else None for extra in records["extra"].to_pylist()]
    texts = ["\n".join(map(str, value)) if isinstance(value, list) else value for value in found]
    return pa.array([None if value is None or value == "" else str(value) for value in texts], pa.string())


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
