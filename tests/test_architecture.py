"""The plan of the house, kept by cheap checks: imports point one way, stages are complete, rooms stay small."""

import ast
from pathlib import Path

import pytest
import yaml

from polymath.pipeline_registry import register_pipelines
from polymath.pipelines.libraries import Sources
from polymath.sources.benchmarks import Benchmarks
from tests.conftest import ROOT

SOURCE = ROOT / "src" / "polymath"
FILES = sorted(SOURCE.rglob("*.py"))
FILE_LIMIT, FUNCTION_LIMIT, YAML_LIMIT = 400, 60, 300
TYPICAL_FILE = 250

MAY_IMPORT = {
    "text": {"text", "errors"},
    "store": {"store", "errors"},
    "engine": {"engine", "store", "config", "errors"},
    "mixing": {"mixing", "text", "errors"},
    "planning": {"planning", "config", "errors"},
    "scoring": {"scoring", "registry", "text", "errors"},
    "training": {"training", "planning", "scoring", "store", "config", "form", "registry", "errors"},
    "tasks": {"tasks", "records", "text"},
    "sources": {"sources", "tasks", "records", "text", "store", "config", "errors", "registry"},
    "evaluation": {
        "evaluation",
        "engine",
        "sources",
        "training",
        "scoring",
        "store",
        "config",
        "errors",
        "form",
        "registry",
        "records",
        "tasks",
        "text",
    },
    "datasets": {"datasets", "engine", "store", "tasks", "training"},
}
"""What each shared package may import of ours; pipelines may import all of them, and none may import pipelines."""


def imports_of(path: Path) -> set[str]:
    """Modules that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_shared_packages_import_only_what_lies_below_them(package):
    for path in (SOURCE / package).rglob("*.py"):
        ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("polymath.")}
        assert ours <= MAY_IMPORT[package], f"{path.relative_to(ROOT)} imports {ours - MAY_IMPORT[package]}"


@pytest.mark.parametrize("package", [package for package in MAY_IMPORT if package != "datasets"])
def test_what_workers_need_never_imports_kedro(package):
    for path in (SOURCE / package).rglob("*.py"):
        assert not any(name.split(".")[0] == "kedro" for name in imports_of(path)), path.relative_to(ROOT)


def test_no_stage_imports_another():
    stages = [path.name for path in (SOURCE / "pipelines").iterdir() if (path / "pipeline.py").exists()]
    for stage in stages:
        for path in (SOURCE / "pipelines" / stage).rglob("*.py"):
            others = {
                name.split(".")[2]
                for name in imports_of(path)
                if name.startswith("polymath.pipelines.") and name.count(".") > 1
            }
            assert not (others & set(stages)) - {stage}, path.relative_to(ROOT)


def test_every_stage_has_code_conf_catalog_tests_and_a_page():
    for stage in (path.name for path in (SOURCE / "pipelines").iterdir() if (path / "pipeline.py").exists()):
        assert stage in register_pipelines()
        for place in (f"conf/base/parameters/{stage}.yml", f"conf/base/catalog/{stage}.yml", f"docs/{stage}.md"):
            assert (ROOT / place).exists(), place
        assert list((ROOT / "tests" / "pipelines" / stage).glob("test_*.py"))


def test_every_dataset_is_in_the_catalog_and_every_entry_is_used():
    catalog = {
        name
        for path in (ROOT / "conf/base/catalog").glob("*.yml")
        for name in yaml.safe_load(path.read_text())
        if not name.startswith("_")
    }
    used = {
        name for pipeline in register_pipelines().values() for name in pipeline.datasets() if not name.startswith("params:")
    }
    assert used == catalog


def test_layers_can_be_sorted():
    """Kedro-Viz draws no layers at all when they form a cycle."""
    layers = {
        name: entry["metadata"]["kedro-viz"]["layer"]
        for path in (ROOT / "conf/base/catalog").glob("*.yml")
        for name, entry in yaml.safe_load(path.read_text()).items()
        if not name.startswith("_")
    }
    for node in (node for pipeline in register_pipelines().values() for node in pipeline.nodes):
        for given in node.inputs:
            for made in node.outputs:
                if given in layers and given != "run_record":
                    assert layers[given] <= layers[made], f"{node.name}: {given} is of a later layer than {made}"


def test_nodes_are_plain_functions_named_as_they_read():
    for pipeline in register_pipelines().values():
        for node in pipeline.nodes:
            assert node.func.__name__ != "<lambda>"
            assert node.name.endswith(f".{node.func.__name__}"), node.name
            assert (node.func.__doc__ or "").strip(), node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_files_and_functions_keep_to_their_budgets(path):
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) <= FILE_LIMIT, f"{len(lines)} lines"
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            if node.name != "create_pipeline":  # a table of contents
                assert size <= FUNCTION_LIMIT, f"{node.name} has {size} lines"


def test_most_files_are_short():
    sizes = sorted(len(path.read_text("utf-8").splitlines()) for path in FILES)
    assert sizes[int(len(sizes) * 0.9)] <= TYPICAL_FILE


@pytest.mark.parametrize("path", sorted((ROOT / "conf").rglob("*.yml")), ids=lambda path: str(path.relative_to(ROOT)))
def test_yaml_files_keep_to_their_budget(path):
    assert len(path.read_text("utf-8").splitlines()) <= YAML_LIMIT


@pytest.mark.parametrize("env", ["base", "samples"])
def test_every_entry_of_the_libraries_is_valid(env):
    sources: dict = {}
    benchmarks: dict = {}
    for folder in dict.fromkeys(("base", env)):
        for name, into in (("sources", sources), ("benchmarks", benchmarks)):
            for path in (ROOT / "conf" / folder / "parameters" / name).glob("*.yml"):
                for key, entry in yaml.safe_load(path.read_text())[name].items():
                    into[key] = {**into.get(key, {}), **entry}
    assert len(Sources(sources).root) > 100
    assert len(Benchmarks(benchmarks).root) > 20


def test_importing_the_pipelines_imports_nothing_heavy():
    """`kedro` imports every pipeline for every command."""
    import subprocess
    import sys

    heavy = (
        "torch",
        "transformers",
        "datasets",
        "sklearn",
        "clarabel",
        "mlflow",
        "plotly",
        "matplotlib",
        "tokenizers",
        "gigatoken",
    )
    code = (
        f"import sys, polymath.pipeline_registry as r; r.register_pipelines(); print([m for m in {heavy} if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
