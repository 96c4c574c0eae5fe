"""The dataset folder, as `datasets` reads it."""

from collections import Counter

import pytest
import yaml

from tests.running import folder


def load(path, name=None):
    import datasets

    return datasets.load_dataset(str(path), name, cache_dir=str(path.parent / "cache"))


def books(project, ledger):
    return {
        (row["source"], row["line"]): row["count"]
        for row in folder(project, "books").read().to_pylist()
        if row["ledger"] == ledger and row["track"] is None
    }


def head_of(card: str) -> dict:
    return yaml.safe_load(card.split("---\n")[1])


def test_it_loads_with_as_many_rows_as_the_books_have(exported, finished):
    made = exported("sft", "hub")
    loaded = load(made.folder)
    counts = folder(finished, "token_counts").read().to_pylist()
    expected = Counter()
    for row in counts:
        expected[row["split"]] += row["examples"] if row["task"] in ("chat", "instruct") else 0
    assert {split: len(rows) for split, rows in loaded.items()} == dict(expected) == dict(made.rows)
    sources = Counter(source for rows in loaded.values() for source in rows["source"])
    tokenized = books(finished, "examples")
    assert sources == {name: tokenized[name, "tokenized"] for name in ("my_chats", "my_questions")}


def test_every_row_says_where_it_is_from_and_how_often_it_is_drawn(exported, finished):
    loaded = load(exported("sft", "hub").folder)
    texts = {row["id"]: row for row in folder(finished, "examples").read().to_pylist()}
    epochs = {
        (row["task"], row["concept"]): row["epochs"]
        for row in folder(finished, "weights").read().to_pylist()
        if row["track"] == "sft"
    }
    for row in loaded["train"]:
        assert row["epochs"] == epochs[row["task"], row["concept"]]
        assert row["licence"] == {"my_chats": "Apache-2.0", "my_questions": "CC-BY-NC-4.0"}[row["source"]]
        for name in ("system", "history", "prompt", "input", "reply"):
            assert row[name] == texts[row["id"]][name]
    assert set(loaded["test"]["epochs"]) == {None}


def test_tokens_are_counted_as_the_books_count_them(exported, finished):
    loaded = load(exported("pretrain.1", "hub").folder)
    lines = books(finished, "tokens")
    for split, rows in loaded.items():
        assert sum(rows["tokens"]) == lines["my_texts", split]
        assert sum(rows["loss_tokens"]) == lines["my_texts", f"{split} with loss"]


def test_pairs_have_their_two_sides(exported):
    row = load(exported("preference", "hub").folder)["train"][0]
    assert row["chosen"]
    assert row["rejected"]
    assert "reply" not in row
    assert "text" not in row


def test_the_card_tells_licences_counts_weights_and_the_digest(exported, opened):
    card = (exported("sft", "hub").folder / "README.md").read_text("utf-8")
    head = head_of(card)
    assert head["license"] == ["apache-2.0", "cc-by-nc-4.0"]
    assert head["task_categories"] == ["text-generation"]
    assert [file["split"] for file in head["configs"][0]["data_files"]] == ["train", "validation", "test"]
    assert "| my_chats | chat | high | Apache-2.0 | 61 | 60 | 1 copy |" in card
    assert "- my_questions: for non-commercial use only." in card
    assert "**Each example stands here once**" in card
    weights = [row for row in opened.load("weights").read().to_pylist() if row["track"] == "sft"]
    for task in {row["task"] for row in weights}:
        share = sum(row["weight"] for row in weights if row["task"] == task)
        assert any(line.startswith(f"| {task} |") and f"{share:.1%}" in line for line in card.splitlines())
    assert "`tokenize.tokenizer.vocabulary` | `700`" in card
    assert "run.files_root" not in card
    assert "Those that hold an item of my_quiz were removed. Leaks of gsm8k are not ruled out." in card


def test_a_licence_that_the_hub_does_not_know_is_other_in_the_head_and_told_in_the_table(exported):
    card = (exported("pretrain.1", "hub").folder / "README.md").read_text("utf-8")
    assert head_of(card)["license"] == ["other"]
    assert "House \\| 7" in card


def test_files_and_row_groups_are_bounded_whatever_the_size(exported, monkeypatch):
    import pyarrow.parquet as pq

    from polymath.export import hub

    whole = load(exported("sft", "hub").folder)["train"]
    monkeypatch.setattr(hub, "GROUP_BYTES", 4000)
    monkeypatch.setattr(hub, "FILE_BYTES", 10_000)
    made = exported("sft", "hub", repeated=True)
    files = sorted((made.folder / "data").glob("train-*.parquet"))
    assert len(files) > 1
    assert files[-1].name == f"train-{len(files) - 1:05d}-of-{len(files):05d}.parquet"
    assert sum(pq.read_metadata(file).num_rows for file in files) == made.rows["train"]
    assert set(load(made.folder)["train"]["id"]) <= set(whole["id"])


@pytest.mark.parametrize("track", ["sft", "preference"])
def test_repeated_examples_stand_there_as_often_as_the_mix_draws_them(exported, track):
    once, often = load(exported(track, "hub").folder), load(exported(track, "hub", repeated=True).folder)
    copies = Counter(often["train"]["id"])
    for row in once["train"]:
        assert int(row["epochs"]) <= copies[row["id"]] <= int(row["epochs"]) + 1
    expected = sum(once["train"]["epochs"])
    assert abs(copies.total() - expected) < 4 * max(expected, 1) ** 0.5
    seen = Counter()
    for row in often["train"]:
        assert row["epoch"] == seen[row["id"]]
        seen[row["id"]] += 1
    assert often["test"]["id"] == once["test"]["id"]
