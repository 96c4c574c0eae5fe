"""A small run over chats, pairs and texts of our own, and its exports."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from polymath.export import Exported, export_mix
from polymath.project import Project, open_project
from tests.conftest import new_project
from tests.running import copy_of, made_once, run

WORDS = ("river", "stone", "lamp", "winter", "paper", "silver", "garden", "window", "bread", "copper", "candle", "mirror")
PLACES: dict[str, Any] = {"kind": "files", "version": 1}
SOURCES = {
    "my_chats": PLACES
    | {"path": "chats.jsonl", "task": "chat", "fields": {"messages": "turns"}, "licence": "Apache-2.0", "tier": "high"},
    "my_questions": PLACES
    | {"path": "questions.jsonl", "task": "instruct", "fields": {"prompt": "q", "reply": "a"}, "licence": "CC-BY-NC-4.0"},
    "my_pairs": PLACES
    | {"path": "pairs.jsonl", "task": "preference", "licence": "MIT"}
    | {"fields": {"prompt": "q", "chosen": "a", "rejected": "b"}},
    "my_texts": PLACES
    | {"path": "texts.jsonl", "task": "text", "fields": {"text": "t"}, "licence": "House | 7", "tier": "low"},
}
ENVIRONMENT = {
    "run": {"sources": " ".join(SOURCES), "files_root": "raw"},
    "tokenize": {"tokenizer": {"vocabulary": 700, "sample_mb": 1}},
    "clean": {"signals": {"language": "script"}},
    "select": {"concepts": {"embedding": {"sample": 100, "buckets": 4096, "dimensions": 8}, "clusters": {"min_records": 30}}},
    "split": {"validation": 0.1, "test": 0.1},
    "mix": {
        "tracks": {
            "sft": {"sequence_tokens": 256, "batch_sequences": 4},
            "pretrain.1": {"sequence_tokens": 256, "batch_sequences": 4},
            "preference": {"batch_sequences": 4},
            "prompts": {"batch_sequences": 4},
            "nothing": {"tasks": "code"},
        }
    },
    "decontaminate": {"benchmarks": "my_quiz gsm8k"},
    "benchmarks": {
        "my_quiz": {"kind": "files", "path": "quiz.jsonl", "item": "q", "licence": "MIT", "version": 1},
    },
}


def write_rows(folder: Path) -> None:
    """Rows that are all sound, and one copy in each file."""
    luck = random.Random(11)

    def sentence(words: int) -> str:
        return " ".join(luck.choice(WORDS) for _ in range(words)).capitalize() + "."

    def turns(number: int) -> list[dict[str, str]]:
        asked = [{"role": "system", "content": f"Be brief. {sentence(3)}"}] if number % 3 == 0 else []
        for _ in range(1 + number % 3):
            asked += [{"role": "user", "content": sentence(9)}, {"role": "assistant", "content": sentence(14)}]
        return asked

    files = {
        "chats": [{"turns": turns(number)} for number in range(60)],
        "questions": [{"q": f"What is {sentence(7)}", "a": sentence(luck.randrange(8, 200))} for _ in range(60)],
        "pairs": [{"q": f"Which {sentence(5)}?", "a": sentence(14), "b": sentence(9)} for _ in range(60)],
        "texts": [{"t": "\n".join(sentence(11) for _ in range(luck.randrange(6, 40)))} for _ in range(60)],
    }
    files["quiz"] = [{"q": "Who lit the seven lamps of the old harbour last winter?"}]
    folder.mkdir()
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in [*rows, rows[0]]]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of(made_once(tmp_path_factory, "exported", _finish), tmp_path_factory)


def _finish(place: Path) -> None:
    project = new_project(place)
    write_rows(project / "raw")
    parameters = project / "conf" / "mine" / "parameters"
    parameters.mkdir(parents=True)
    (parameters / "all.yml").write_text(yaml.safe_dump({**ENVIRONMENT, "sources": SOURCES}), "utf-8")
    run(project, "--env=mine", "--to-outputs=books")


@pytest.fixture(scope="module")
def opened(finished: Path) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(finished)
        with open_project("mine") as project:
            yield project


@pytest.fixture
def exported(opened: Project, tmp_path: Path) -> Callable[..., Exported]:
    """A function that exports a track in a form; the folder and its rows."""

    def export(track: str, form: str, to: Path | None = None, repeated: bool = False) -> Exported:
        return export_mix(opened, track, form, to or tmp_path / f"{track}-{form}-{repeated}", repeated)

    return export
