"""The pages are true: what is made from the code is up to date, and links, commands, snippets and diffs fit the project."""

import ast
import importlib
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest
import yaml

from polymath import __version__
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.libraries import Sources
from polymath.reporting.whatif import turned
from polymath.sources.benchmarks import Benchmark
from polymath.sources.library import Source, choose
from polymath.tracking.record import TrackingConfig
from tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
DIFFS = sorted(DOCS.rglob("*.diff"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND = re.compile(r"^(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?((?:kedro|make) .+)")
OURS = re.compile(r"(?:src|tests|docs|conf/(?:base|tiny|samples))/[\w./-]+\w")
ADDED = ("village", "summary_too_long", "keywords", "licences", "licence_shares")
"""What only the examples of the guides have."""


@cache
def script(name: str) -> ModuleType:
    """A script of docs/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text("utf-8"))


def fenced(page: Path, *kinds: str) -> list[str]:
    """The fenced blocks of some kinds, `` for those that have none."""
    return [body for kind, body in FENCE.findall(page.read_text("utf-8")) if kind in kinds]


def snippets(*kinds: str) -> list[Any]:
    return [
        pytest.param(body, id=f"{named(page)}-{number}")
        for page in PAGES
        for number, body in enumerate(fenced(page, *kinds), 1)
    ]


def commands() -> Iterator[str]:
    """Every command line of ours on any page, without its comment."""
    for page in PAGES:
        lines = [line for block in fenced(page, "", "bash") for line in block.splitlines()]
        for line in [*lines, *CODE.findall(prose(page))]:
            if (found := COMMAND.match(line)) and not found[1].startswith("kedro's"):
                yield re.split(r"\s{2,}#|\s{3,}", found[1])[0].strip()


COMMANDS = sorted(set(commands()))


# --- made from the code -----------------------------------------------------------------------------------------------


def test_what_is_made_from_the_code_is_up_to_date():
    assert [named(page) for page in script("generated").out_of_date()] == []  # python docs/generated.py writes them anew


def test_the_picture_is_that_of_the_registered_pipeline():
    assert script("draw_dag").main(["--check"]) == 0  # python docs/draw_dag.py draws it anew


@pytest.mark.parametrize("path", DIFFS, ids=named)
def test_a_diff_of_a_guide_fits_the_project(path):
    for part in re.split(r"^(?=--- )", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        before, after, *_ = part.splitlines()
        target = ROOT / after.removeprefix("+++ b/")
        if before == "--- /dev/null":
            assert not target.exists(), named(target)
            continue
        text = target.read_text("utf-8")
        for hunk in re.split(r"^@@.*\n", part, flags=re.MULTILINE)[1:]:
            old = "".join(f"{line[1:]}\n" for line in hunk.splitlines() if not line.startswith("+"))
            assert old in text, f"{named(target)} has no\n{old}"


# --- links ------------------------------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """Of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_link_leads_somewhere(page):
    for target in LINK.findall(prose(page)):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        assert place.exists(), target
        assert not page.is_relative_to(DOCS) or place.is_relative_to(DOCS), f"{target} is not on the site"
        assert not anchor or anchor in anchors(place), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_file_of_the_project_that_is_named_exists(page):
    for code in CODE.findall(prose(page)):
        if (found := OURS.fullmatch(code)) and not any(word in code for word in ADDED):
            assert (ROOT / found[0]).exists(), code


def test_every_page_has_its_place_on_the_site():
    """`make docs` only notes pages that nobody can reach."""

    def files(entry: Any) -> Iterator[str]:
        if isinstance(entry, str):
            yield entry
        for inner in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
            yield from files(inner)

    nav = list(files(yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]))
    assert sorted(nav) == sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md"))


# --- commands ---------------------------------------------------------------------------------------------------------


@cache
def kedro() -> click.Group:
    """All commands that are installed and the project's own."""
    from kedro.framework.cli.cli import KedroCLI

    return KedroCLI(ROOT)


def found_command(words: list[str]) -> tuple[click.Command, list[str]]:
    """The command that the first words name, and the words after them."""
    command: click.Command = kedro()
    while isinstance(command, click.Group) and words:
        inner = command.get_command(click.Context(command), words[0])
        assert inner is not None, f"kedro has no {words[0]}"
        command, words = inner, words[1:]
    return command, words


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("kedro ")])
def test_a_command_of_kedro_exists_with_its_options(line):
    command, words = found_command(shlex.split(line)[1:])
    known = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}
    given = [word.partition("=")[0] for word in words if word.startswith("-")]
    assert set(given) <= known
    plain = [word for word in words if not word.startswith("-")]
    if not any(isinstance(param, click.Argument) for param in command.params):
        assert len(plain) <= sum(f"{option} " in f"{line} " for option in given), f"{line}: takes no words"


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_a_target_of_make_exists(line):
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert line.split()[1] in targets


def is_dial(path: str) -> bool:
    """Whether a path of `--params` is a dial, or leads into one that holds a mapping."""
    patterns = [re.escape(name).replace(r"\.NAME", r"\.[\w.]+") for name in script("generated").made.dials.dial_names()]
    return any(re.fullmatch(rf"{pattern}(\..+)?", path) for pattern in patterns)


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("kedro run") and "--" in line])
def test_dials_sources_nodes_and_steps_of_a_run_exist(line):
    given = dict(word.partition("=")[::2] for word in shlex.split(line) if word.startswith("--"))
    dials = dict(part.partition("=")[::2] for part in given.get("--params", "").split(",") if part)
    assert [path for path in dials if not is_dial(path)] == []
    if "village" not in line and "run.sources" in dials:
        assert choose(Sources(sources_of(given.get("--env"))).root, dials["run.sources"].split())
    nodes = script("generated").made.basis.curate().nodes
    assert {given[name] for name in ("--nodes", "--from-nodes", "--to-nodes") if name in given} <= {n.name for n in nodes}
    assert {given[name] for name in ("--namespaces",) if name in given} <= {node.namespace for node in nodes}


def sources_of(env: str | None) -> dict[str, Any]:
    """Those of the base, with those that an environment adds."""
    basis = script("generated").made.basis
    added = [basis.read_yaml(path) for path in sorted((ROOT / "conf" / str(env)).glob("parameters/sources/*.yml"))]
    return {name: source for known in (basis.parameters(), *added) for name, source in known["sources"].items()}


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("kedro whatif") and "=" in line])
def test_a_dial_of_whatif_exists(line):
    words = [word for word in shlex.split(line)[2:] if not any(name in word for name in ADDED)]
    config = typed("clean", {}).judge
    assert len(turned(config, words)[1]) >= len(words)


# --- snippets ---------------------------------------------------------------------------------------------------------


def merged(base: Any, change: Any) -> Any:
    """As an environment changes the base."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return change
    return {**base, **{key: merged(base.get(key), value) for key, value in change.items()}}


def typed(name: str, change: Any) -> Any:
    """A top-level parameter as its step takes it, with a change."""
    made = script("generated").made
    return made.dials.configs()[name].model_validate(merged(made.basis.parameters()[name], change))


@pytest.mark.parametrize("text", snippets("yaml"))
def test_a_snippet_of_yaml_is_valid_where_it_belongs(text):
    given = yaml.safe_load(text)
    if "tracking_uri" in given:
        assert TrackingConfig(**given)
        return
    for name, value in given.items():
        if name == "sources":
            for entry in value.values():
                Source(**{**entry, "task": "text" if entry["task"] in ADDED else entry["task"]})
        elif name == "benchmarks":
            assert [Benchmark(**entry) for entry in value.values()]
        elif name == "recipes":
            assert Recipes(merged(script("generated").made.basis.parameters()["recipes"], value)).root
        else:
            assert typed(name, value)


@pytest.mark.parametrize("text", snippets("python"))
def test_a_snippet_of_python_compiles_and_its_imports_are_there(text):
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names), ast.unparse(node)


@pytest.mark.parametrize("text", snippets("json"))
def test_a_snippet_of_json_lines_can_be_read(text):
    assert [json.loads(line) for line in text.splitlines()]


def test_the_changelog_tells_of_this_version_and_of_what_comes():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"## [{__version__}]" in text
    assert "## [Unreleased]" in text
