"""A track as training reads it: item k is slot k of the schedule."""

import numpy as np

from polymath.training.tracks import IGNORED, TokenStore, Track, TrainingSet
from tests.training.mixes import BATCH


def track(made):
    return Track(made.mix.tokens, made.mix.sequences, made.mix.schedule, "sft")


def test_item_k_holds_the_tokens_of_the_sequence_in_slot_k(made):
    items = TrainingSet(track(made), 3)
    schedule = made.mix.schedule.read().to_pylist()
    sequences = made.mix.sequences.read().to_pylist()
    shards = [shard.read().to_pylist() for shard in made.mix.tokens.shards]
    assert len(items) == 3 * BATCH
    for slot in range(len(items)):
        pieces = sequences[schedule[slot]["sequence"]]["pieces"]
        rows = [(shards[p["shard"]][p["example"]], p["start"], p["length"]) for p in pieces]
        ids = [i for row, start, size in rows for i in row["ids"][start : start + size]]
        loss = [on for row, start, size in rows for on in row["loss"][start : start + size]]
        item = items[slot]
        assert item["input_ids"].tolist() == ids
        assert item["labels"].tolist() == [i if on else IGNORED for i, on in zip(ids, loss, strict=True)]
        assert item["position_ids"].tolist() == [n for *_, size in rows for n in range(size)]
        assert items.examples([slot]) == [row["id"] for row, *_ in rows]


def test_a_piece_begins_where_its_bits_do(made):
    store = TokenStore(made.mix.tokens)
    row = made.mix.tokens.shards[1].read().to_pylist()[17]
    for start in range(3):
        ids, loss = store.piece(1, 17, start, len(row["ids"]) - start)
        assert ids.tolist() == row["ids"][start:]
        assert loss.tolist() == row["loss"][start:]
        assert ids.dtype == np.int64
