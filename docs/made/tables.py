"""Tables of steps, datasets, schemas and dataclasses."""

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache
from typing import Any

import pyarrow as pa

from made.basis import BASE, block, curate, first_paragraph, read_yaml, sentences, stages, table


def steps() -> list[str]:
    """The steps in the order in which they stand in pipeline.py."""
    from polymath.pipelines.curate import pipeline

    return re.findall(r'Step\("(\w+)"', inspect.getsource(pipeline))


def nodes_of(step: str) -> list[Any]:
    """The nodes of a step in the order in which they run; a step of another stage than curate is named with it."""
    stage, _, name = step.rpartition(".")
    stage = stage or "curate"
    return [node for node in stages()[stage].nodes if node.namespace == f"{stage}.{name}"]


@block
def step(name: str) -> str:
    """The verbs of a step: what each does, reads and writes."""
    rows = []
    for node in nodes_of(name):
        reads = [given for given in node.inputs if not given.startswith("params:")]
        shown = "all of them" if len(reads) > 12 else ", ".join(f"`{given}`" for given in reads)
        rows.append(
            [
                f"`{node.func.__name__}`",
                first_paragraph(node.func.__doc__),
                shown,
                ", ".join(f"`{made}`" for made in node.outputs),
            ]
        )
    return table(["verb", "what it does", "reads", "writes"], rows)


@block
def overview() -> str:
    """All steps, a line each."""
    rows = []
    for name in steps():
        verbs = ", ".join(f"`{node.func.__name__}`" for node in nodes_of(name))
        made = ", ".join(f"`{made}`" for node in nodes_of(name) for made in node.outputs)
        rows.append([f"[{name}](curate.md#{name})", verbs, made])
    return table(["step", "verbs", "datasets"], rows)


@block
def datasets() -> str:
    """The catalog: where each dataset is, who makes it, who reads it."""
    catalog = read_yaml(BASE / "catalog" / "curate.yml")
    rows = []
    for name, given in catalog.items():
        if name.startswith("_") or "filepath" not in given:
            continue
        maker = next(node for node in curate().nodes if name in node.outputs)
        rows.append([f"`{name}`", f"`{given['filepath']}`", given.get("form", "parquet"), f"`{maker.func.__name__}`"])
    return table(["dataset", "folder", "form", "made by"], rows)


@cache
def _comments(module: Any, name: str) -> dict[str, str]:
    """The comments behind the fields of a schema, by field, as they stand in the code."""
    source = inspect.getsource(module)
    tree = ast.parse(source)
    targets = {n: node for node in tree.body for n in _names_of(node)}
    node = targets[name]
    found = {}
    for line in source.splitlines()[node.lineno - 1 : node.end_lineno]:
        match = re.match(r'\s*(?:\[?\(|pa\.field\()?"(\w+)"[,:].*?,?\s+# (.*)$', line)
        if match:
            found[match[1]] = match[2]
    return found


def _names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [node.target.id] if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) else []


@cache
def schemas() -> dict[str, tuple[Any, pa.Schema]]:
    """Every `pa.schema` of the records, of evaluation and of the stages, by name: its module and the schema."""
    from polymath import records
    from polymath.evaluation import harness, held_out
    from polymath.pipelines import curate as of_curate
    from polymath.pipelines import evaluate as of_evaluate
    from polymath.pipelines import plan as of_plan

    modules = [
        records,
        harness,
        held_out,
        *(
            importlib.import_module(f"{package.__name__}.{each.name}")
            for package in (of_curate, of_evaluate, of_plan)
            for each in pkgutil.iter_modules(package.__path__)
        ),
    ]
    found = {}
    for module in modules:
        own = {name for node in ast.parse(inspect.getsource(module)).body for name in _names_of(node)}
        found |= {name: (module, value) for name, value in vars(module).items() if name in own and isinstance(value, pa.Schema)}
    return found


@block
def schema(name: str) -> str:
    """The fields of a schema with their types and meanings."""
    module, given = schemas()[name]
    notes = _comments(module, name)
    if name == "RECORD":
        notes = {**_comments(module, "TEXT_FIELDS"), **notes}
    return table(
        ["field", "type", "what it holds"], [[f"`{f.name}`", f"`{_short(f.type)}`", notes.get(f.name, "")] for f in given]
    )


def _short(kind: pa.DataType) -> str:
    """A type without what nobody needs to know to read it."""
    if pa.types.is_dictionary(kind):
        return f"{_short(kind.value_type)}, dictionary-coded"
    if pa.types.is_list(kind):
        return f"list of {_short(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "{" + ", ".join(f"{field.name}: {_short(field.type)}" for field in kind) + "}"
    return str(kind)


@block
def attributes(name: str) -> str:
    """The attributes of a dataclass with the docstrings below them."""
    from polymath.engine.contract import Item, Piece, Plan
    from polymath.store.folder import Manifest
    from polymath.store.shards import Entry
    from polymath.tasks.task import Task

    kind = {"Manifest": Manifest, "Entry": Entry, "Task": Task, "Plan": Plan, "Item": Item, "Piece": Piece}[name]
    body = ast.parse(inspect.cleandoc(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    rows = []
    for node, after in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            told = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
            rows.append([f"`{node.target.id}`", f"`{ast.unparse(node.annotation)}`", sentences(str(told))])
    return table(["field", "type", "what it holds"], rows)
