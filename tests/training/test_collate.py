"""Rows of a micro-batch: whatever their arrangement, the same documents with the same labels."""

import numpy as np
import pytest

from polymath.training.collate import Collator, documents
from polymath.training.tracks import IGNORED


def item(*sizes, slot=0, group=0):
    ids = np.arange(1, sum(sizes) + 1) + 1000 * slot
    positions = np.concatenate([np.arange(size) for size in sizes])
    labels = np.where(positions > 0, ids, IGNORED)
    return {"input_ids": ids, "labels": labels, "position_ids": positions, "slot": slot, "group": np.full(len(ids), group)}


ITEMS = [item(5, 9, 3), item(2, 20, slot=1, group=1)]


def told(batch):
    """The documents of a batch, as sorted tuples of ids and labels, without padding."""
    found = []
    for row in range(len(batch["input_ids"])):
        ids, labels = batch["input_ids"][row].numpy(), batch["labels"][row].numpy()
        positions = batch["position_ids"][row].numpy() if "position_ids" in batch else np.arange(len(ids))
        for document in documents({"input_ids": ids, "labels": labels, "position_ids": positions}):
            kept = document["input_ids"] != 0
            if kept.any():
                found.append((tuple(document["input_ids"][kept]), tuple(document["labels"][kept])))
    return sorted(found)


@pytest.mark.parametrize("rows", ["packed", "flat", "narrow", "documents"])
def test_every_arrangement_holds_the_same_documents(rows):
    batch = Collator(0, rows)(ITEMS)
    assert told(batch) == told(Collator(0, "packed")(ITEMS))
    assert int(batch["tokens"]) == 39
    assert batch["slot"].tolist() == [0, 1]
    assert batch["input_ids"].shape[1] % 8 == 0


def test_narrow_rows_are_no_wider_than_the_longest_document_of_the_micro_batch():
    assert Collator(0, "packed")([item(5, 9, 3, 9)])["input_ids"].shape == (1, 32)
    assert Collator(0, "narrow")([item(5, 9, 3, 9)])["input_ids"].shape == (3, 16)


@pytest.mark.parametrize("rows", ["packed", "flat", "narrow", "documents"])
def test_every_token_knows_its_task(rows):
    batch = Collator(0, rows)(ITEMS)
    owned = batch["group"][batch["input_ids"] >= 1000]
    assert set(owned.tolist()) == {1}
    assert batch["group"][batch["input_ids"] < 1000].sum() == 0


def test_flat_is_one_row():
    assert Collator(0, "flat")(ITEMS)["input_ids"].shape == (1, 40)


def test_padding_is_a_document_without_labels():
    batch = Collator(0, "packed")([item(5)])
    assert batch["labels"][0, 5:].tolist() == [IGNORED] * 3
    assert batch["position_ids"][0].tolist() == [0, 1, 2, 3, 4, 0, 1, 2]


def test_compiled_models_get_rows_of_one_length():
    assert Collator(0, "packed", 64)([item(5)])["input_ids"].shape == (1, 64)
