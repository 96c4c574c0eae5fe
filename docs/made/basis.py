"""What every block is made with: Markdown tables, the parameters of `conf/base`, the registered pipeline."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
BASE = ROOT / "conf" / "base"

blocks: dict[str, Callable[..., str]] = {}


def block(function: Callable[..., str]) -> Callable[..., str]:
    """Enter a function under its name: what makes `<!-- made: name words... -->`."""
    blocks[function.__name__] = function
    return function


def table(headings: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    clean = [[_cell(cell) for cell in row] for row in rows]
    lines = [headings, ["---"] * len(headings), *clean]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """A cell: line ends and bars would end it, and `<source>` outside of code would be a tag of HTML."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(part if number % 2 else part.replace("<", "&lt;") for number, part in enumerate(parts))


def code(value: object) -> str:
    """A value as it is written in YAML."""
    if isinstance(value, tuple | list):
        value = " ".join(map(str, value)) or "[]"
    if isinstance(value, bool) or value is None:
        value = {True: "true", False: "false", None: "null"}[value]
    return f"`{value}`"


def sentences(text: str | None) -> str:
    """A docstring on one line, ASCII grammar untouched."""
    return " ".join((text or "").split())


def first_paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return sentences(inspect.cleandoc(text or "").split("\n\n")[0])


def read_yaml(path: Path) -> Any:
    """What stands in a YAML file, by libyaml where it is there."""
    return yaml.load(path.read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def parameters() -> dict[str, Any]:
    """`conf/base`, files of a folder merged as Kedro does."""
    merged: dict[str, Any] = {}
    for path in sorted((BASE / "parameters").rglob("*.yml")):
        for key, value in read_yaml(path).items():
            merged[key] = {**merged[key], **value} if key in merged else value
    return merged


@cache
def stages() -> dict[str, Any]:
    """The registered pipelines, without sums of them."""
    from polymath.pipeline_registry import register_pipelines

    return {name: pipeline for name, pipeline in register_pipelines().items() if not name.startswith("_")}


def curate() -> Any:
    """The pipeline that makes the mix."""
    return stages()["curate"]
