"""JSON lines in the form that trainers take: turns with roles for fine-tuning, pairs for preferences, plain text.

`messages` is what axolotl (`chat_template`), TRL's SFTTrainer and LLaMA-Factory take. Of pairs, TRL takes the sides as lists of
turns (`chosen`, `rejected`), axolotl and LLaMA-Factory as one turn each (`chosen_turn`, `rejected_turn`): both stand there.
"""

import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import orjson

from polymath.export.contents import Contents
from polymath.export.hub import TEXTS
from polymath.tasks import TASKS

Turns = list[dict[str, str]]

FILES = {"packed": "chat", "pairs": "pairs", "prompts": "prompts"}
"""By the track's kind, the beginning of the files' names; plain text has files of its own."""
KEPT = ("id", "source", "task", "licence", "language", "tokens", "epochs", "epoch")
"""Facts that stay beside the turns."""


def write_chat(contents: Contents, folder: Path) -> Counter[str]:
    """Write `<form>_<split>.jsonl`, and `dataset_info.json` for LLaMA-Factory; lines by split."""
    rows: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for part in contents.parts():
            facts = part.facts.select([name for name in KEPT if name in part.facts.column_names]).to_pylist()
            columns = list(dict.fromkeys(name for shape in sorted(contents.shapes) for name in TEXTS[shape]))
            for fact, example in zip(facts, part.texts(columns).to_pylist(), strict=True):
                plain = TASKS[fact["task"]].shape == "text"
                name = f"{'text' if plain else FILES[contents.config.kind]}_{part.split}.jsonl"
                if name not in files:
                    files[name] = stack.enter_context((folder / name).open("wb"))
                said = {"text": example["text"]} if plain else line_of(example, contents.config.kind)
                files[name].write(orjson.dumps({**said, **fact}) + b"\n")
            rows[part.split] += len(facts)
    known = {name.removesuffix(".jsonl"): _columns_of(name) for name in sorted(files)}
    (folder / "dataset_info.json").write_text(json.dumps(known, indent=1) + "\n", "utf-8")
    return rows


def _columns_of(name: str) -> dict[str, Any]:
    """A file as LLaMA-Factory's `dataset_info.json` tells of it."""
    about: dict[str, Any] = {"file_name": name}
    if name.startswith("text_"):
        return {**about, "columns": {"prompt": "text"}}
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    about |= {"formatting": "sharegpt", "tags": {**tags, "system_tag": "system", "observation_tag": "tool"}}
    if name.startswith("pairs_"):
        columns = {"messages": "prompt", "chosen": "chosen_turn", "rejected": "rejected_turn"}
        return {**about, "ranking": True, "columns": columns}
    return {**about, "columns": {"messages": "prompt" if name.startswith("prompts_") else "messages"}}


def line_of(example: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What one line holds beside its facts, for a track of this kind."""
    asked = asked_turns(example)
    if kind == "pairs":
        sides = {side: _said(example[side]) for side in ("chosen", "rejected")}
        turns = {f"{side}_turn": turn for side, turn in sides.items()}
        return {"prompt": asked, **{side: [turn] for side, turn in sides.items()}, **turns}
    if kind == "prompts":
        return {"prompt": asked, **{name: example[name] for name in ("reply", "check", "expected")}}
    return {"messages": [*asked, _said(example["reply"])]}


def asked_turns(example: Mapping[str, Any]) -> Turns:
    """System prompt, earlier turns, and the last question with what it is about: the turns before the reply.

    The same as the chat form of tokenize makes of them.
    """
    asked = "\n\n".join(part for part in (example["prompt"], example["input"]) if part)
    turns = [{"role": "system", "content": example["system"]}] if example["system"] else []
    return [*turns, *(example["history"] or []), {"role": "user", "content": asked}]


def _said(reply: str) -> dict[str, str]:
    return {"role": "assistant", "content": reply}
