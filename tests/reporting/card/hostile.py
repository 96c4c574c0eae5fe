"""A project whose data tries to break a page: markup, quotes, other directions, control characters; and a run over it."""

import json
import random
from pathlib import Path

import yaml

from tests.conftest import new_project
from tests.running import run

SCRIPT = '<script>window.hacked = 1</script></script><img src=x onerror="window.hacked = 2"><style>body{display:none}</style>'
TURNED = "\u202eevil"
WILD = f"{SCRIPT} \"double\" 'single' &amp; & --> ]]> {{{{ 7 * 7 }}}} مرحبا بالعالم שלום 😀👩‍👩‍👧 \x07 {TURNED}"
NAME = "<i>wild</i> & \"quoted\" 'run' 😀 عربى"
LICENCE = "<b>Wild-1.0</b>"
ENVIRONMENT = {
    "run": {
        "sources": "wild_pairs wild_texts wild_sides wild_den*",
        "files_root": "raw",
        "licences": {"deny": "NC"},
        "name": NAME,
    },
    "tokenize": {"tokenizer": {"vocabulary": 700, "sample_mb": 1}},
    "clean": {"signals": {"language": "script"}},
    "select": {"concepts": {"embedding": {"sample": 100, "buckets": 4096, "dimensions": 8}, "clusters": {"min_records": 20}}},
    "split": {"salt": "wild"},
    "mix": {
        "tracks": {
            "sft": {"sequence_tokens": 512, "batch_sequences": 4},
            "pretrain.1": {"sequence_tokens": 512, "batch_sequences": 4},
            "preference": {"batch_sequences": 4},
            "prompts": None,
        }
    },
    "decontaminate": {"benchmarks": "wild_bench gsm8k"},
    "ingest": {"max_quarantined": 0.5},
}
WORDS = ("river", "stone", "lamp", "winter", "paper", "silver", "garden", "window", "bread", "copper", "candle", "mirror")


def make_card(path: Path) -> Path:
    """Run curate over the wild sources in a new project; its path."""
    project = new_project(path)
    _write(project / "raw")
    places = {"kind": "files", "licence": LICENCE, "version": 1, "tier": "high"}
    sources = {
        "wild_pairs": places | {"path": "pairs.jsonl", "task": "instruct", "fields": {"prompt": "q", "reply": "a"}},
        "wild_texts": places | {"path": "texts.jsonl", "task": "text", "fields": {"text": "t"}, "tier": "low"},
        "wild_sides": places
        | {"path": "sides.jsonl", "task": "preference", "fields": {"prompt": "q", "chosen": "a", "rejected": "b"}},
        "wild_denied": places | {"path": "nowhere.jsonl", "task": "text", "fields": {"text": "t"}, "licence": "CC-BY-NC-4.0"},
    }
    benchmark = {"kind": "files", "path": "bench.jsonl", "item": "q", "licence": "none", "version": 1}
    parameters = project / "conf" / "wild" / "parameters"
    parameters.mkdir(parents=True)
    files = {"all": ENVIRONMENT, "sources": {"sources": sources}, "benchmarks": {"benchmarks": {"wild_bench": benchmark}}}
    for name, content in files.items():
        (parameters / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    run(project, "--env=wild")
    return project


def card_of(project: Path) -> Path:
    """The page."""
    return project / "data/07_reports/card/card.html"


def _write(folder: Path) -> None:
    """Rows of all kinds: sound ones, near-duplicates, leaks, rows without a field, texts that a filter removes."""
    luck = random.Random(7)

    def sentence(words: int) -> str:
        return " ".join(luck.choice(WORDS) for _ in range(words)).capitalize() + "."

    def text(sentences: int) -> str:
        return "\n".join(f"{sentence(9)} And the {sentence(7)} {WILD if n == 1 else ''}" for n in range(sentences))

    pairs = [
        {"q": f"What is {sentence(6)} {WILD if n % 9 == 0 else ''}", "a": f"It is {sentence(40)} {WILD}."} for n in range(150)
    ]
    twin = dict(pairs[3])
    twin["a"] = twin["a"].replace("It is", "That was", 1)
    leak = {"q": f"Who lit the seven lamps of the old harbour {SCRIPT} last winter?", "a": sentence(12)}
    pairs += [twin, leak, {"q": "No answer", "a": ""}, {"q": "Only a question"}, {"q": "Blank", "a": "n/a"}]
    texts = [{"t": text(luck.randrange(3, 9))} for _ in range(120)] + [{"t": f"Short {WILD}"} for _ in range(3)]
    texts += [{"t": " ".join(["สวัสดีชาวโลก"] * 30)}]
    sides = [{"q": f"Which {sentence(5)}?", "a": sentence(14) + WILD, "b": sentence(9)} for _ in range(12)]
    for name, rows in {"pairs": pairs, "texts": texts, "sides": sides, "bench": [{"q": leak["q"]}]}.items():
        folder.mkdir(exist_ok=True)
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
