"""A project with four runs: a first one, one with other dials, one that changes nothing, and one with other sources."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from polymath.tracking import RunRecord, read_records
from tests.conftest import new_project, track
from tests.running import folder, made_once, run

DECIDED = "decided.json"
SECRET = "hunter2-and-more"
DIALS = (
    "dedup.verify.threshold=0.6,clean.judge.recipes.web.too_few_words.min_words=120,"
    "clean.judge.moves.replies_with_code.when.code_lines.min=5"
)
PLACE = {"kind": "files", "tier": "high", "licence": "CC0-1.0", "version": 1}
SOURCES = {
    "notes": PLACE | {"path": "notes.jsonl", "task": "instruct", "fields": {"prompt": "ask", "reply": "answer"}},
    "sums": PLACE | {"path": "sums.jsonl", "task": "closed_qa", "fields": {"prompt": "ask", "reply": "answer"}},
}
Decided = dict[str, tuple[str | None, str, str | None]]
"""Reason, task and split (none for what is removed) of each record."""


@dataclass
class Runs:
    """The project, its runs in their order, and what was decided in each of them."""

    project: Path
    records: list[RunRecord]
    decided: list[Decided]


def make_runs(factory: pytest.TempPathFactory) -> Runs:
    """Made once in a session."""
    project = made_once(factory, "four_runs", _make)
    decided = [{name: tuple(fate) for name, fate in each.items()} for each in json.loads((project / DECIDED).read_text())]
    return Runs(project, read_records(project), decided)


def _make(project: Path) -> None:
    new_project(project)
    parameters = project / "conf" / "tiny" / "parameters"
    (parameters / "sources.yml").write_text(yaml.safe_dump({"sources": SOURCES}), "utf-8")
    _write("notes", project, _notes(40))
    _write("sums", project, [{"ask": f"How much is {n} and {n * 7}?", "answer": f"It is {n * 8}."} for n in range(30)])
    track(project)
    found = [
        _run(project, "run.name=first"),
        _run(project, f"run.name=second,hub.access_token={SECRET},{DIALS}"),
    ]
    (project / "conf" / "tiny" / "mlflow.yml").write_text("enabled: false")  # it has the secret, if anybody has; time is saved
    found.append(_run(project, f"run.name=again,{DIALS}"))
    _write("notes", project, _notes(41))
    found.append(_run(project, f"run.name=wider,{DIALS}", "python_topics notes sums"))
    (project / DECIDED).write_text(json.dumps(found))


def _run(project: Path, params: str, sources: str = "python_topics notes") -> Decided:
    """Run curate; what stands in its decisions then."""
    run(project, "--env=tiny", f"--params=engine.workers=2,run.sources={sources},{params}")
    ids = folder(project, "records").read(["id"])["id"].to_pylist()
    rows = folder(project, "split_decisions").read(["kept", "reason", "task", "split"]).to_pylist()
    return {
        name: (row["reason"], row["task"], row["split"] if row["kept"] else None) for name, row in zip(ids, rows, strict=True)
    }


def _write(name: str, project: Path, rows: list[dict[str, str]]) -> None:
    place = project / "data" / "01_raw" / f"{name}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")


def _notes(rows: int) -> list[dict[str, str]]:
    """Instructions; every fourth is answered with four lines of code, which a rule moves to another task."""
    code = "def value_{0}(x):\n    y = x * {0}\n    return y\nprint(value_{0}(3))"
    return [
        {
            "ask": f"Tell me about the number {n} and what one may do with it, please.",
            "answer": code.format(n) if n % 4 == 0 else f"The number {n} follows {n - 1}, and it comes before {n + 1}.",
        }
        for n in range(rows)
    ]
