"""Whatever a person got wrong, or a download left behind: one sentence with the place and the way out, exit code 1."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.projects import QA, make_small, name_sources, questions, tell, write_rows

TO_INGEST = "--to-nodes=curate.ingest.list_quarantined"
GOOD = {"questions": {**QA, "path": "qa.jsonl"}}
HUB = {"kind": "hub", "task": "closed_qa", "licence": "MIT", "fields": {"prompt": "q", "reply": "a"}}


@pytest.fixture(scope="module")
def project(make_project):
    project = make_small(make_project(), GOOD)
    write_rows(project, "qa.jsonl", questions(1, 60))
    return project


def said_by(result: Any) -> str:
    """What the console says, on one line; it must be an error, and nothing for programmers."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert "traceback is in" not in result.output
    assert result.output.count("\n") <= 12, "a sentence, not a page"
    return " ".join(result.output.split())


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("run.sources=zz", "run.sources: 'zz' is not a source; Known: questions"),
        ("run.sources=question", "run.sources: 'question' is not a source; did you mean 'questions'?"),
        ("run.sources=teir:high", "run.sources: 'teir' is not a selector; did you mean 'tier'?"),
        ("mix.tracks.sft.tasks=instrct", "mix.tracks.sft: tasks: 'instrct' is not a task; did you mean 'instruct'?"),
        ("clean.judge.recipes.reply.empty_promt.x=1", "'empty_promt' is not a filter; did you mean 'empty_prompt'"),
        ("clean.judge.tasks.instruct=repl", "did you mean 'reply'"),
        ("mix.tracks.sft.temprature=2", "mix.tracks.sft.temprature: unknown key; did you mean 'temperature'?"),
        ("dedup.verify.treshold=0.5", "dedup.verify.treshold: unknown key; did you mean 'threshold'?"),
        ("ingest.max_quarantined=5", "ingest.max_quarantined: Input should be less than or equal to 1, not 5"),
        ("engine.worker_mb=3", "engine.worker_mb: Input should be greater than or equal to 256, not 3"),
    ],
)
def test_a_name_or_value_that_is_none(project, params, message):
    assert message in said_by(tell(project, "run", f"--params={params}"))


def test_a_value_that_is_no_yaml_is_told_with_the_way_to_write_it(project):
    result = tell(project, "run", "--params=align.rewards.format=[A-Z][^.]*")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    said = " ".join(result.output.split())
    assert "'align.rewards.format=[A-Z][^.]*' cannot be read" in said
    assert "stands in quotes" in said


def test_a_preset_that_is_none_is_told_with_the_nearest(project):
    result = tell(project, "run", "--env=tinny")
    assert "--env: 'tinny' is not a folder of conf; did you mean 'tiny'? Known: " in said_by(result)


def test_a_pipeline_that_is_none_is_told_with_the_nearest(project):
    assert "--pipeline: 'curat' is not a pipeline; did you mean 'curate'?" in said_by(tell(project, "run", "--pipeline=curat"))


def text(content: str | bytes) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(content if isinstance(content, bytes) else content.encode())


ROWS = "".join(json.dumps(row) + "\n" for row in questions(2, 3000))
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>404</title></head></html>\n"
FILES: dict[str, tuple[str, Callable[[Path], Any], dict[str, Any], str]] = {
    "missing": ("x.jsonl", lambda path: None, {}, "x.jsonl: matches no file below data/01_raw; the nearest names are qa.jsonl"),
    "missing folder": ("z/x.jsonl", lambda path: None, {}, "z/x.jsonl: matches no file below"),
    "empty": ("x.jsonl", text(""), {}, "x.jsonl: is empty: fetch it again"),
    "truncated gzip": (
        "x.jsonl.gz",
        text(gzip.compress(os.urandom(9) + ROWS.encode())[:-40_000]),
        {},
        "x.jsonl.gz: the gzip data is cut off after",
    ),
    "damaged gzip": (
        "x.jsonl.gz",
        text(gzip.compress(ROWS.encode())[:200] + b"\0" * 500),
        {},
        "the gzip data is damaged near byte",
    ),
    "LFS pointer": ("x.jsonl.gz", text(POINTER), {}, "x.jsonl.gz: is a Git LFS pointer, not the data: run `git lfs pull`"),
    "HTML page": ("x.json", text(PAGE), {}, "x.json: is an HTML page (an error, a login?), not json"),
    "HTML as gzip": ("x.jsonl.gz", text(PAGE), {}, "x.jsonl.gz: is an HTML page (an error, a login?)"),
    "pickle": ("x.pkl", text(b"\x80\x04."), {}, "x.pkl: is a pickle, which runs code when it is read: convert it"),
    "changed header": (
        "x.csv",
        text("quest,a\nWho?,Ann\n"),
        {},
        "x.fields.prompt: x.csv has no column 'q'; Known: a, quest",
    ),
    "unknown column": (
        "x.jsonl",
        text('{"question": "Who?", "answer": "Ann"}\n'),
        {"fields": {"prompt": "qestion", "reply": "answer"}},
        "x.fields.prompt: x.jsonl has no column 'qestion'; did you mean 'question'? Known: answer, question",
    ),
    "open quote": ("x.csv", text('q,a\n"Who?,Ann\n'), {}, "x.csv: the quote opened in the record at line 2 is never closed"),
    "DTD": (
        "x.xml",
        text("<!DOCTYPE a [<!ENTITY b 'c'>]><a><r>&b;</r></a>"),
        {},
        "x.xml: has a DTD, which may define entities",
    ),
    "outside": ("../../secret.jsonl", text(ROWS), {}, "leads out of data/01_raw: set `outside: true` if that is meant"),
    "unknown task": ("x.jsonl", text(ROWS), {"task": "closed_q"}, "'closed_q' is not a task; did you mean 'closed_qa'?"),
    "unknown adapter": ("x.jsonl", text(ROWS), {"adapter": "sqad"}, "did you mean 'squad'?"),
    "unknown field": (
        "x.jsonl",
        text(ROWS),
        {"fields": {"promt": "q"}},
        "'promt' is not a record field; did you mean 'prompt'?",
    ),
    "unknown key": (
        "x.jsonl",
        text(ROWS),
        {"liecnce": "MIT"},
        "own.yml: sources.x.liecnce: unknown key; did you mean 'licence'?",
    ),
    "too many bad": (
        "x.jsonl",
        text("{broken\n" * 3 + "".join(ROWS.splitlines(keepends=True)[:2])),
        {},
        "of 5 rows cannot be read, more than ingest.max_quarantined=0.05; most are bad_json, e.g. x.jsonl row 0:",
    ),
}


@pytest.mark.parametrize(("name", "make", "change", "message"), FILES.values(), ids=FILES)
def test_a_source_that_cannot_be_read(project, name, make, change, message):
    path = project / "data" / "01_raw" / name
    make(path)
    name_sources(project, {**GOOD, "x": {**QA, "path": name, **change}})
    try:
        assert message in said_by(tell(project, "run", "--params=run.sources=x,engine.workers=1", TO_INGEST))
    finally:
        name_sources(project, GOOD)
        path.unlink(missing_ok=True)


def test_a_hub_dataset_without_a_network(project):
    name_sources(project, {**GOOD, "squad": {**HUB, "path": "rajpurkar/squad"}})
    try:
        said = said_by(tell(project, "run", "--params=run.sources=squad", TO_INGEST))
        assert "these sources need the network, which cannot be reached: squad (rajpurkar/squad); connect, or" in said
    finally:
        name_sources(project, GOOD)


def test_what_only_a_finished_run_can_tell(project):
    """A tokenizer that is nowhere, and a budget that no weights make; then the run that was refused goes on."""
    said = said_by(tell(project, "run", "--params=tokenize.tokenizer.name=nobody/nothing,engine.workers=1"))
    assert "tokenizer.name: 'nobody/nothing' cannot be loaded" in said
    assert "give a hub id, a folder with tokenizer.json, or trained" in said
    said = said_by(tell(project, "run", "--params=mix.tracks.sft.budget_tokens=900000000,engine.workers=1"))
    assert "mix.tracks.sft: no weights make 900,000,000 tokens of" in said
    assert "in at most 4 epochs; ask for" in said
    assert tell(project, "run", "--params=engine.workers=1").exit_code == 0
    for words, message in (
        (("trace", "questions/9999"), "has records 0 to 59"),
        (("trace", "--source", "question"), "did you mean 'questions'"),
        (
            ("trace", "--quarantined", "--source", "question"),
            "trace --source: 'question' is not a source of this run; did you mean 'questions'?",
        ),
        (("trace", "--task", "closed_q"), "did you mean 'closed_qa'"),
    ):
        assert message in said_by(tell(project, *words))
