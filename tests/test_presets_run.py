"""Each preset as a run: its tracks, shares, budgets, recipes and caps, over rows of our own in the place of its datasets."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml

from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.tracks import MixConfig, TrackConfig
from polymath.pipelines.libraries import Sources
from polymath.reporting.card.plan import plans
from polymath.sources.library import Source, choose
from tests.conftest import ROOT
from tests.running import folder, run
from tests.test_presets import PRESETS, kinds_of, parameters_of

WORDS = (ROOT / "README.md").read_text("utf-8").lower().split()
pytestmark = pytest.mark.proof

ROWS, BUDGET = 40, 60_000
"""Rows of a source that no share names; tokens of a stage with a budget."""


def rows_of(source: Source, count: int, luck: random.Random) -> list[dict[str, Any]]:
    """Rows that the task of a source needs, with words that no two share in one order."""

    def words(number: int) -> str:
        return f"It is said that {' '.join(luck.sample(WORDS, number))}, and the rest of it is for you to see."

    def row() -> dict[str, Any]:
        made = {"context": words(40), "prompt": words(12), "reply": words(20), "answer": str(luck.randrange(999))}
        made |= {"text": words(90), "choices": [words(4) for _ in range(4)], "replies": [words(2)]}
        turns = [{"role": "user", "content": words(12)}, {"role": "assistant", "content": words(20)}]
        made |= {"label": luck.randrange(len(source.labels) or 4), "messages": turns, "chosen": words(20), "rejected": words(9)}
        return made | {"extra": {"author": "Ann", "about": "rivers", "test_list": ["assert True"]}}

    return [row() for _ in range(count)]


FIELDS = {
    "text": "text",
    "instruct": "prompt reply",
    "chat": "messages",
    "extractive_qa": "context prompt replies",
    "closed_qa": "prompt reply",
    "multiple_choice": "context prompt choices label",
    "reasoning": "prompt reply answer",
    "summarize": "context reply",
    "classify": "context text label",
    "code": "prompt reply",
    "preference": "prompt chosen rejected",
}


def entry_of(name: str, source: Source) -> dict[str, Any]:
    """The entry with its rows in a local file, under columns named like the fields; tier, task, labels and recipes stay."""
    fields = {field: field for field in FIELDS[source.task].split()} | {"extra": "extra.author, extra.about, extra.test_list"}
    stays = {"task", "tier", "licence", "language", "labels", "recipes", "html_entities"}
    return {"kind": "files", "path": f"{name}.jsonl", "fields": fields, **source.model_dump(mode="json", include=stays)}


def part_sizes(tracks: dict[str, TrackConfig], chosen: dict[str, Source]) -> dict[str, int]:
    """Rows of each source: more where a track's plan names its part or its task, so that the epoch cap binds nowhere."""
    kinds, sizes = kinds_of(chosen), dict.fromkeys(chosen, ROWS)
    for track in tracks.values():
        owners = track.parts_of(kinds) if track.shares else kinds["task"].to_numpy()
        planned = track.parts if track.shares else track.explicit
        for part, share in planned.items():
            mine = [name for name, own in zip(kinds["source"].to_pylist(), owners, strict=True) if own == part]
            for name in mine:
                sizes[name] = max(sizes[name], int(800 * share / sum(planned.values()) / len(mine)))
    return sizes


@pytest.fixture(scope="module", params=PRESETS)
def preset(request: pytest.FixtureRequest, make_project: Any) -> tuple[Path, dict[str, TrackConfig]]:
    """A finished run of a preset, and its tracks."""
    name, project = request.param, make_project()
    given = parameters_of(name)
    chosen = choose(Sources.model_validate(given["sources"]).root, RunConfig.model_validate(given["run"]).sources)
    conf = project / "conf"
    for library in (conf / "base/parameters/sources").glob("*.yml"):
        library.unlink()
    entries = given["sources"] | {key: entry_of(key, source) for key, source in chosen.items()}
    (conf / "base/parameters/sources/local.yml").write_text(json.dumps({"sources": entries}), "utf-8")
    mix = yaml.safe_load((conf / name / "parameters/mix.yml").read_text("utf-8"))
    for key, track in mix["mix"]["tracks"].items():
        if track:
            track |= {"sequence_tokens": 1024 if key == "preference" else 512, "batch_sequences": 4}
            track |= {"budget_tokens": BUDGET} if track.get("budget_tokens") else {}
    mix |= {"tokenize": {"tokenizer": {"vocabulary": 800, "sample_mb": 1}}, "decontaminate": {"benchmarks": "gsm8k"}}
    (conf / name / "parameters/mix.yml").write_text(yaml.safe_dump(mix), "utf-8")
    (conf / name / "parameters/run.yml").write_text(
        json.dumps({"run": {"sources": list(chosen), "files_root": "raw"}}), "utf-8"
    )
    tracks = MixConfig.model_validate({"tracks": {**given["mix"]["tracks"], **mix["mix"]["tracks"]}}).wanted
    luck = random.Random(7)
    (project / "raw").mkdir()
    for key, count in part_sizes(tracks, chosen).items():
        lines = map(json.dumps, rows_of(chosen[key], count, luck))
        (project / "raw" / f"{key}.jsonl").write_text("\n".join(lines), "utf-8")
    run(project, f"--env={name}")
    return project, tracks


def test_a_preset_makes_every_track_that_it_plans_and_draws_what_it_planned(
    preset: tuple[Path, dict[str, TrackConfig]],
) -> None:
    project, tracks = preset
    weights = folder(project, "weights").read().to_pylist()
    made = plans(weights, folder(project, "sequences"), folder(project, "schedule"), tracks)
    assert set(made) == set(tracks)
    for name, plan in made.items():
        assert plan.scheduled, name
        for part in plan.parts:
            assert part.weighed == pytest.approx(part.planned, abs=0.02), (name, part)
            assert part.scheduled == pytest.approx(part.planned, abs=0.08), (name, part)
        if plan.tokens:
            assert plan.weighed == pytest.approx(plan.tokens, rel=0.01), name
