"""A project of its own for whole runs: our configuration, one source, and the tokenizer that the peer uses too."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from benchmarks.corpus import ROOT
from benchmarks.run import Measured, command

END = "<|endoftext|>"

SAME_WORK: dict[str, Any] = {
    "ingest": {"normalize": {"html": False, "mojibake": False}},
    "clean": {"signals": {"language": "none"}},
    "decontaminate": {"benchmarks": ""},
}
"""What the peer does not do either. The filters of the recipe `web` are Gopher's and FineWeb's, as the peer has them; and as
it does, all texts are taken for English."""

EVERYTHING: dict[str, Any] = {
    "ingest": {"normalize": {"html": True, "mojibake": True}, "mask": ["email", "ip", "phone"]},
    "clean": {"signals": {"language": "model"}},
    "decontaminate": {"benchmarks": "bench_items"},
}


def new_project(folder: Path, sources: dict[str, Path], dials: dict[str, Any], tokenizer: Path) -> Path:
    """An empty project whose environment `bench` reads Parquet files as sources of plain text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "logs"):
        (folder / name).mkdir()
    language = "en" if dials is SAME_WORK else None
    entries = {name: _entry(path, language) for name, path in sources.items()}
    _write_conf(folder, "sources/bench", {"sources": entries})
    _write_conf(folder, "dials", {**dials, "tokenize": {"tokenizer": {"name": str(_tokenizer_folder(folder, tokenizer))}}})
    choose(folder, list(sources))
    return folder


def choose(project: Path, sources: list[str]) -> None:
    """Name the sources of the next run."""
    _write_conf(project, "run", {"run": {"sources": " ".join(sources), "files_root": "/"}})


def add_benchmark(project: Path, items: Path) -> None:
    """Decontaminate against the texts of a Parquet file."""
    entry = {"kind": "files", "path": str(items), "item": "text", "licence": "unknown"}
    _write_conf(project, "benchmarks/bench", {"benchmarks": {"bench_items": entry}})


def curate(project: Path, *params: str, workers: int = 1) -> Measured:
    """`kedro run --pipeline=curate` from the command to the prompt."""
    return kedro(project, "run", "--pipeline=curate", "--env=bench", _dials(workers, *params), cores=workers)


def start_up(project: Path, workers: int = 1) -> Measured:
    """What a run takes before and after its work: one node alone that has nothing to do, run for the second time."""
    words = ("run", "--pipeline=curate", "--nodes=curate.decontaminate.read_benchmarks", "--env=bench", _dials(workers))
    kedro(project, *words)
    return kedro(project, *words)


def kedro(project: Path, *words: str, cores: int = 1, threads: int = 1) -> Measured:
    """Any command."""
    return command([sys.executable, "-m", "kedro", *words], project, cores, threads)


def _dials(workers: int, *params: str) -> str:
    return "--params=" + ",".join([f"engine.workers={workers}", *params])


def _entry(path: Path, language: str | None) -> dict[str, Any]:
    read = {"kind": "files", "path": str(path), "task": "text", "fields": {"text": "text"}, "language": language}
    return {**read, "licence": "unknown", "version": 1}


def _write_conf(project: Path, name: str, values: dict[str, Any]) -> None:
    path = project / "conf" / "bench" / "parameters" / f"{name}.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values), "utf-8")


def _tokenizer_folder(project: Path, definition: Path) -> Path:
    folder = project / "tokenizer"
    folder.mkdir()
    shutil.copy(definition, folder / "tokenizer.json")
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    return folder
