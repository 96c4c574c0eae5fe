"""Small projects with sources of their own, run in this process: a run takes a second or two."""

import contextlib
import json
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

WORDS = (
    "the of and to in is that it was for on are as with his they be at one have this from or had by word but what "
    "some we can out other were all there when up use your how said an each she which do their time if will way "
    "about many then them write would like so these her long make thing see him two has look more day could go come "
    "did number sound no most people my over know river mountain engine paper garden letter morning window market "
    "winter harbour island teacher metal copper valley forest "
).split()
QA = {"kind": "files", "task": "closed_qa", "licence": "MIT", "fields": {"prompt": "q", "reply": "a"}}
TEXT = {"kind": "files", "task": "text", "licence": "MIT", "fields": {"text": "text"}}


def make_small(project: Path, sources: Mapping[str, Any]) -> Path:
    """Leave nothing of the libraries but `sources`, and nobody outside to wait for."""
    for library in ("sources", "benchmarks"):
        shutil.rmtree(project / "conf" / "base" / "parameters" / library)
        (project / "conf" / "base" / "parameters" / library).mkdir()
    dials = project / "conf" / "base" / "parameters" / "curate.yml"
    told = yaml.safe_load(dials.read_text())
    told["clean"]["judge"]["sources"] = {}  # it names sources of the library
    dials.write_text(yaml.safe_dump(told))
    shutil.rmtree(project / "conf" / "samples", ignore_errors=True)
    (project / "conf" / "base" / "parameters" / "benchmarks" / "none.yml").write_text("benchmarks: {}\n")
    (project / "conf" / "tiny" / "mlflow.yml").write_text("enabled: false\n")
    (project / "data" / "01_raw").mkdir(parents=True, exist_ok=True)
    name_sources(project, sources)
    return project


def name_sources(project: Path, sources: Mapping[str, Any]) -> None:
    """The library of the project's sources, and a run that uses them all."""
    (project / "conf" / "base" / "parameters" / "sources" / "own.yml").write_text(yaml.safe_dump({"sources": dict(sources)}))
    settings = yaml.safe_load((project / "conf" / "tiny" / "parameters" / "run.yml").read_text())
    settings["run"] = {"sources": "all"}
    settings["mix"]["tracks"] = {
        name: track for name, track in settings["mix"]["tracks"].items() if name in ("sft", "pretrain.1")
    }
    (project / "conf" / "tiny" / "parameters" / "run.yml").write_text(yaml.safe_dump(settings))


def write_rows(project: Path, name: str, rows: list[Any]) -> None:
    """A file of JSON lines below `data/01_raw`; a row that is text stands there as it is."""
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (project / "data" / "01_raw" / name).write_text(text + "\n", "utf-8")


def questions(seed: int, count: int) -> list[dict[str, str]]:
    """Rows of questions and answers that differ from each other, the same for the same seed."""
    rng = random.Random(seed)
    return [
        {"q": f"What is {' '.join(rng.choices(WORDS, k=9))}?", "a": f"It is {' '.join(rng.choices(WORDS, k=25))}."}
        for _ in range(count)
    ]


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """The working directory, for as long as it takes."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def curate(project: Path, to: str | None = None, **params: Any) -> None:
    """`kedro run --pipeline=curate --env=tiny` in this process; `to` is the last node, `params` the parameters given."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    with working_in(project):
        bootstrap_project(project)
        with KedroSession.create(project_path=project, env="tiny", runtime_params=params) as session:
            session.run(pipeline_names=["curate"], to_nodes=[f"curate.{to}"] if to else None)


def tell(project: Path, *words: str) -> Result:
    """A command of ours in this process, as the console shows it; `run` gets the pipeline and the environment."""
    from kedro.framework.startup import bootstrap_project

    from polymath.cli import cli

    usual = ["--env=tiny"] + (["--pipeline=curate"] if words[0] == "run" else [])
    given = [*words, *(word for word in usual if not any(each.startswith(word.partition("=")[0]) for each in words))]
    with working_in(project):
        bootstrap_project(project)
        return CliRunner().invoke(cli, given)
