"""The pipeline as a user runs it: on a mix and a model of its own, killed on the way, and with mistakes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.evaluation.tiny import make_model, save
from tests.running import digests, folder, kedro, run

pytestmark = pytest.mark.proof
RUN = ("run", "--pipeline=evaluate", "--env=tiny")


@pytest.fixture(scope="module")
def project(make_project, files):
    """A mix of the environment tiny, a fresh model with its tokenizer, and benchmarks in files."""
    from polymath.form import FormConfig
    from polymath.training.tokenizer import load_tokenizer, tokenizer_row

    made = make_project()
    run(made, "--env=tiny")
    tokenizer = load_tokenizer(tokenizer_row(folder(made, "tokenizer")), FormConfig())
    save(made / "model", make_model(context=512, tokens=1024), tokenizer)
    entry = {"kind": "files", "path": "cats.jsonl", "item": "ctx_a", "licence": "CC0"}
    own = {"benchmarks": {"hellaswag": entry}}
    (made / "conf/tiny/parameters/own.yml").write_text(json.dumps(own))
    return (
        made,
        f"run.files_root={files},evaluate.model=model,evaluate.held_out.answers_per_task=4,evaluate.held_out.losses_per_task=8",
    )


def test_it_scores_a_model_offline_and_says_what_it_found_and_a_second_run_makes_nothing(project):
    made, params = project
    result = kedro(made, *RUN, f"--params={params},evaluate.suite=quick hellaswag")
    assert result.returncode == 0, result.stdout + result.stderr
    for word in ("scores    hellaswag", "held out", "probes", "report    data/07_reports/evaluation/evaluation.html"):
        assert word in result.stdout
    page = (made / "data/07_reports/evaluation/evaluation.html").read_text()
    assert page.startswith("<!doctype html>")
    assert str(made) not in page
    before = digests(made)
    again = kedro(made, *RUN, f"--params={params},evaluate.suite=quick hellaswag")
    assert again.stdout.count("unchanged") == 5
    assert digests(made) == before


def test_killed_at_any_moment_it_goes_on_and_ends_the_same(project):
    made, params = project
    words = [
        sys.executable,
        "-m",
        "kedro",
        *RUN,
        f"--params={params},evaluate.suite=quick hellaswag,evaluate.seed=1,evaluate.batch=7",
    ]
    for seconds in (14, 18):
        with subprocess.Popen(
            words, cwd=made, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as going:
            time.sleep(seconds)
            os.killpg(going.pid, signal.SIGKILL)
    assert kedro(made, *words[3:]).returncode == 0
    ended = digests(made)
    for name in ("benchmark_items_scored", "held_out_answers", "probe_transcripts"):
        for path in (made / "data/06_outputs" / name).iterdir():
            path.unlink()
    assert kedro(made, *words[3:]).returncode == 0
    assert digests(made) == ended


@pytest.mark.parametrize(
    ("dials", "told"),
    [
        ("evaluate.suite=convergence", "mmlu cannot be read"),
        ("evaluate.model=nowhere/at/all", "nowhere/at/all: there is no such folder"),
        ("evaluate.limt=3", "evaluate.limt: unknown key; did you mean 'limit'"),
    ],
)
def test_a_mistake_is_one_sentence(project, dials, told):
    result = kedro(project[0], *RUN, f"--params={dials}")
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr


def test_mmlu_and_hellaswag_are_scored_from_their_original_files(project, shared_data, make_project):
    made, _ = project
    other = make_project()
    params = f"run.files_root={shared_data},evaluate.model={made / 'model'},evaluate.suite=convergence,evaluate.limit=20"
    result = kedro(other, "run", "--pipeline=evaluate", "--env=samples", f"--params={params}")
    assert result.returncode == 0, result.stdout + result.stderr
    scores = {row["task"]: row for row in folder(other, "benchmark_scores").read().to_pylist() if row["main"]}
    assert scores["mmlu"]["items"] == 220  # eleven subjects
    assert scores["hellaswag"]["items"] == 20
    assert scores["mmlu"]["low"] < scores["mmlu"]["score"] < scores["mmlu"]["high"]
