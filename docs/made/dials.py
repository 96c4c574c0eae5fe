"""Dials: every field of a typed Config, with its value in `conf/base`, its meaning and its bounds."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from made.basis import block, code, parameters, sentences, stages, table

PLAIN_WORDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


@cache
def described(model: type[BaseModel]) -> dict[str, str]:
    """What stands below each field of a Config and of those it builds on. (pydantic would find it at each start of kedro.)"""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if not each.__module__.startswith("polymath.") or "[" in each.__qualname__:
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
                found[ast.unparse(field.target)] = inspect.cleandoc(str(below.value.value))
    return found


@cache
def configs() -> dict[str, type[BaseModel]]:
    """The typed Config of every `params:` entry, from the annotations of the nodes that take it."""
    found: dict[str, type[BaseModel]] = {}
    for node in [node for stage in stages().values() for node in stage.nodes]:
        hints = get_type_hints(node.func)
        named = dict(zip(inspect.signature(node.func).parameters, node.inputs, strict=False))
        if isinstance(node._inputs, dict):
            named = node._inputs
        for argument, dataset in named.items():
            if dataset.startswith("params:"):
                found[dataset.removeprefix("params:")] = hints[argument]
    return found


def fields_of(model: type[BaseModel], prefix: str, values: Any) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every dial below a Config: its path, its field, and its value in `conf/base` (else its default)."""
    for name, field in model.model_fields.items():
        key = field.alias or name
        given = values.get(key, values.get(name)) if isinstance(values, Mapping) else None
        inner, is_mapping = _model_in(field.annotation)
        path = f"{prefix}.{key}" if prefix else key
        if inner and is_mapping:
            yield from fields_of(inner, f"{path}.NAME", {})
        elif inner:
            yield from fields_of(inner, path, given or {})
        else:
            field.description = described(model).get(name)
            yield path, field, given if given is not None else _default(field)


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The Config that a field holds, and whether it holds several by name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if get_origin(annotation) is dict:
        inner, _ = _model_in(get_args(annotation)[1])
        return inner, True
    models = [model for each in get_args(annotation) if (model := _model_in(each)[0])] if _is_union(annotation) else []
    return (models[0] if models else None), False


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, type(int | None))


def _default(field: FieldInfo) -> Any:
    return None if field.is_required() else field.get_default(call_default_factory=True)


def _meaning(field: FieldInfo) -> str:
    """What the dial does, its choices, its bounds."""
    bounds = [
        f"{PLAIN_WORDS[word]} {getattr(each, word):g}" for each in field.metadata for word in PLAIN_WORDS if hasattr(each, word)
    ]
    choices = [code(value) for value in _choices(field.annotation)]
    parts = [sentences(field.description)]
    parts += [f"One of {', '.join(choices)}."] if choices and not all(choice in parts[0] for choice in choices) else []
    parts += [f"({', '.join(bounds)})"] if bounds else []
    return " ".join(part for part in parts if part)


def _choices(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    for inner in get_args(annotation) if _is_union(annotation) else ():
        yield from _choices(inner)


def value_at(path: str) -> Any:
    """What stands in `conf/base` at a path such as `dedup.verify`."""
    value: Any = parameters()
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


@block
def dials(name: str) -> str:
    """The dials of a `params:` entry."""
    rows = []
    for path, field, value in fields_of(configs()[name], name, value_at(name)):
        shown = "" if isinstance(value, Mapping) and value else code(value)
        rows.append([f"`{path}`", shown, _meaning(field)])
    return table(["dial", "value", "what it does"], rows)


def dial_names() -> set[str]:
    """Every dial by its full path."""
    return {path for name, model in configs().items() if "." not in name for path, *_ in fields_of_any(name, model)}


def fields_of_any(name: str, model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, Any]]:
    """The dials of an entry; a library (`sources`, `benchmarks`, `recipes`) has its entries' fields."""
    root = model.model_fields.get("root")
    inner = _model_in(root.annotation)[0] if root else None
    yield from fields_of(inner, f"{name}.NAME", {}) if inner else fields_of(model, name, value_at(name))


@block
def entry(name: str) -> str:
    """The fields of an entry of a library: of `Source`, `Benchmark`, `Recipe`, or of a `read:` or `pages:` block."""
    from polymath.pipelines.curate.compose import Recipe
    from polymath.sources.benchmarks import Benchmark
    from polymath.sources.library import Source
    from polymath.sources.options import ReadOptions
    from polymath.sources.pages_options import PagesOptions

    models = (Source, Benchmark, Recipe, ReadOptions, PagesOptions)
    model = {each.__name__: each for each in models}[name]
    rows = []
    for key, field in model.model_fields.items():
        field.description = described(model).get(key)
        default = "needed" if field.is_required() else code(_default(field)) if not _model_in(field.annotation)[0] else ""
        rows.append([f"`{key}`", default if default != "``" else "", _meaning(field)])
    return table(["key", "default", "what it says"], rows)
