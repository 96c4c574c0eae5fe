"""JSON lines as trainers read them."""

import json

import pytest

from polymath.export.chat import asked_turns, line_of
from tests.running import folder


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def assert_alternating(turns, last):
    roles = [turn["role"] for turn in turns]
    roles = roles[1:] if roles[0] == "system" else roles
    assert roles == ["user", "assistant"] * (len(roles) // 2) + (["user"] if len(roles) % 2 else [])
    assert roles[-1] == last
    assert all(turn["content"] for turn in turns)


def test_turns_alternate_and_end_on_the_assistant(exported):
    made = exported("sft", "chat")
    rows = [row for split in made.rows for row in lines(made.folder / f"chat_{split}.jsonl")]
    assert len(rows) == made.rows.total()
    for row in rows:
        assert_alternating(row["messages"], "assistant")
        assert {"id", "source", "task", "licence", "epochs"} <= set(row)
    assert any(row["messages"][0]["role"] == "system" for row in rows)
    assert any(len(row["messages"]) > 3 for row in rows)


def test_a_conversation_is_the_one_that_was_read(exported, finished):
    made = exported("sft", "chat")
    given = [json.loads(line)["turns"] for line in (finished / "raw/chats.jsonl").read_text("utf-8").splitlines()]
    rows = [row for split in made.rows for row in lines(made.folder / f"chat_{split}.jsonl") if row["task"] == "chat"]
    for row in rows:
        number = int(row["id"].partition("#")[0].rpartition("/")[2])
        opens = 0 if given[number][0]["role"] == "system" else row["messages"][0]["role"] == "system"
        assert row["messages"][opens:] == given[number]  # a recipe may put a system prompt before it


def test_pairs_have_a_prompt_and_two_replies_as_lists_and_as_turns(exported):
    made = exported("preference", "chat")
    for row in lines(made.folder / "pairs_train.jsonl"):
        assert_alternating(row["prompt"], "user")
        for side in ("chosen", "rejected"):
            assert row[side] == [row[f"{side}_turn"]]
            assert row[f"{side}_turn"]["role"] == "assistant"
        assert row["chosen"] != row["rejected"]


def test_prompts_stand_without_their_reply_and_the_reply_beside_them(exported):
    for row in lines(exported("prompts", "chat").folder / "prompts_train.jsonl"):
        assert_alternating(row["prompt"], "user")
        assert row["reply"]
        assert {"check", "expected"} <= set(row)


def test_plain_text_has_lines_of_its_own(exported, finished):
    made = exported("pretrain.1", "chat")
    texts = {row["id"]: row["text"] for row in folder(finished, "examples").read(["id", "text"]).to_pylist()}
    rows = lines(made.folder / "text_train.jsonl")
    assert rows
    assert all(row["text"] == texts[row["id"]] for row in rows)


@pytest.mark.parametrize(("track", "form"), [("sft", "chat"), ("preference", "pairs"), ("pretrain.1", "text")])
def test_datasets_loads_the_lines_by_the_name_that_the_card_gives(exported, track, form):
    import datasets

    made = exported(track, "chat")
    loaded = datasets.load_dataset(str(made.folder), form, cache_dir=str(made.folder.parent / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == dict(made.rows)


def test_llama_factory_finds_its_columns(exported):
    made = exported("preference", "chat")
    known = json.loads((made.folder / "dataset_info.json").read_text("utf-8"))
    for entry in known.values():
        first = lines(made.folder / entry["file_name"])[0]
        assert entry["ranking"]
        for column in entry["columns"].values():
            assert column in first
        assert isinstance(first[entry["columns"]["chosen"]], dict)


def test_what_a_prompt_is_about_stands_below_it():
    example = {"system": None, "history": None, "prompt": "Sum it up.", "input": "Long.", "reply": "Short."}
    assert asked_turns(example) == [{"role": "user", "content": "Sum it up.\n\nLong."}]
    assert line_of(example, "packed")["messages"][-1] == {"role": "assistant", "content": "Short."}
