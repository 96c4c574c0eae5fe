"""Tables of the libraries of sources and benchmarks, and the diffs of the guides."""

import ast
import itertools
import re
from functools import cache
from typing import Any

from made.basis import ROOT, block, read_yaml, table

PROVEN_AS = {
    "gpteacher_toolformer": "toolformer_sample",
    "self_instruct_seeds": "self_instruct_sample",
    "alpaca_cot_aqua": "aqua_sample",
    "alpaca_cot_ecqa": "ecqa_sample",
    "alpaca_cot_strategyqa": "strategyqa_sample",
    "glue_sst2": "sst2_sample",
    "stackexchange": "stackexchange_ai_sample",
    "wikitext_2": "wikitext_sample",
}


@cache
def library(environment: str, name: str) -> dict[str, dict[str, Any]]:
    """The raw entries of each file of a library: family -> name -> entry."""
    folder = ROOT / "conf" / environment / "parameters" / name
    return {path.stem: read_yaml(path)[name] for path in sorted(folder.glob("*.yml"))}


@cache
def first_rows() -> dict[str, int]:
    """Entries that a test runs over the first rows of their datasets' own files, and the records that these give."""
    tree = ast.parse((ROOT / "tests/pipelines/curate/adapters/test_first_rows.py").read_text("utf-8"))
    [files] = [node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "FILES"]
    return {name.value: row.elts[2].value for name, row in zip(files.keys, files.values, strict=True)}  # type: ignore[attr-defined]


def proof_of(name: str, kind: str) -> str:
    """What shows that an entry reads its dataset: real rows in a run, its first rows, or one row made to its card's schema."""
    samples = {key: given for family in library("samples", "sources").values() for key, given in family.items()}
    sample = PROVEN_AS.get(name, f"{name}_sample")
    if kind == "embedded":
        return "every demo run"
    if sample in samples:
        return f"real rows ({samples[sample].get('size', 'some')})"
    if name in first_rows():
        return f"its first rows ({first_rows()[name]})"
    return "a row of its schema"


@block
def sources() -> str:
    """The library of sources, family by family."""
    from polymath.sources.library import Source

    parts = []
    for family, entries in library("base", "sources").items():
        rows = []
        for name, given in entries.items():
            source = Source(**given)
            where = " ".join(source.path) + (f" ({source.config})" if source.config else "")
            access = f"{source.kind}, gated" if source.gated else source.kind
            row = [
                f"`{name}`",
                f"`{where}`",
                source.task,
                source.tier,
                source.licence,
                access,
                source.size or "",
                proof_of(name, source.kind),
            ]
            rows.append(row)
        headings = ["source", "where", "task", "tier", "licence", "kind", "rows", "proven on"]
        parts.append(f"### {family}\n\n{table(headings, rows)}")
    return "\n\n".join(parts)


@block
def pages() -> str:
    """The entries of kind `pages`: where they begin, and whether they are fetched."""
    rows = []
    for entries in library("base", "sources").values():
        for name, given in entries.items():
            if given["kind"] == "pages":
                told = given["pages"]
                fetched = "yes" if told.get("fetch") else f"no: {told['terms']}"
                rows.append([f"`{name}`", told.get("seeds") or "pages of your own", given["licence"], fetched])
    return table(["source", "begins at", "licence", "fetched"], rows)


@block
def presets() -> str:
    """The environments but `base`, in the words of the comment at the head of their `run.yml`."""
    rows = []
    for path in sorted((ROOT / "conf").glob("*/parameters/run.yml")):
        name = path.parents[1].name
        lines = itertools.takewhile(lambda line: line.startswith("# "), path.read_text("utf-8").splitlines())
        told = re.split(r"(?<=[.:]) (?=[A-Z`k])|\. ", " ".join(line.removeprefix("# ") for line in lines) + " ")[0]
        if name not in ("base", "local"):
            rows.append([f"`{name}`", told.strip().rstrip(":.") + "."])
    return table(["environment", "what it is"], rows)


@block
def samples() -> str:
    """The entries of the environment `samples`."""
    rows = []
    for entries in library("samples", "sources").values():
        for name, given in entries.items():
            path = given["path"] if isinstance(given["path"], str) else " ".join(given["path"])
            rows.append([f"`{name}`", f"`{path}`", given["task"], str(given.get("size", "")), given["licence"]])
    return table(["source", "file below `run.files_root`", "task", "records", "licence"], rows)


@block
def benchmarks() -> str:
    """The list of benchmarks."""
    from polymath.sources.benchmarks import Benchmark

    rows = []
    for entries in library("base", "benchmarks").values():
        for name, given in entries.items():
            one = Benchmark(**given)
            item = one.item if isinstance(one.item, str) else " + ".join(one.item)
            where = one.path[0] + (f" ({one.config})" if one.config else "")
            rows.append([f"`{name}`", f"`{where}`", one.split, f"`{item}`", one.licence])
    return table(["benchmark", "where", "split", "an item is", "licence"], rows)


@block
def diff(name: str) -> str:
    """A change of the project, as it was tried; `tests/test_docs.py` sees to it that it fits the code."""
    return f"```diff\n{(ROOT / 'docs' / 'guides' / 'diffs' / f'{name}.diff').read_text('utf-8').rstrip()}\n```"
