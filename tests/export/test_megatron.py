"""Token files, read by a reader written from the format's description alone."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from polymath.export.megatron import Indexed
from tests.running import folder

TYPES = {1: np.uint8, 2: np.int8, 3: np.int16, 4: np.int32, 5: np.int64, 6: np.float64, 7: np.float32, 8: np.uint16}


def read_documents(prefix: Path) -> list[np.ndarray]:
    """Documents of `<prefix>.bin`, found by way of `<prefix>.idx`, and checks of what the index promises."""
    index = Path(f"{prefix}.idx").read_bytes()
    assert index[:9] == b"MMIDIDX\x00\x00"
    version, code, sequences, bounds = struct.unpack_from("<QBQQ", index, 9)
    assert version == 1
    at = 9 + struct.calcsize("<QBQQ")
    lengths = np.frombuffer(index, "<i4", sequences, at)
    pointers = np.frombuffer(index, "<i8", sequences, at + 4 * sequences)
    documents = np.frombuffer(index, "<i8", bounds, at + 12 * sequences)
    assert len(index) == at + 12 * sequences + 8 * bounds
    assert documents.tolist() == list(range(sequences + 1))
    data = Path(f"{prefix}.bin").read_bytes()
    kind = np.dtype(TYPES[code])
    assert pointers[-1] + lengths[-1] * kind.itemsize == len(data)
    return [np.frombuffer(data, kind, length, start) for length, start in zip(lengths, pointers, strict=True)]


def expected(project, task, split, *columns):
    """Rows of the token shards, in their order."""
    found = []
    for shard in folder(project, "tokens").shards:
        for row in shard.read(["task", "split", *columns]).to_pylist():
            if (row["task"], row["split"]) == (task, split):
                found.append([row[name] for name in columns])
    return found


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_documents_are_the_token_shards_examples_in_their_order(exported, finished, split):
    made = exported("sft", "megatron")
    for task in ("chat", "instruct"):
        documents = read_documents(made.folder / split / task)
        assert [document.tolist() for document in documents] == [ids for (ids,) in expected(finished, task, split, "ids")]
        assert documents[0].dtype == np.uint16


def test_labels_are_the_ids_where_there_is_a_loss_and_masked_elsewhere(exported, finished):
    made = exported("sft", "megatron")
    labels = read_documents(made.folder / "train" / "chat_label")
    for given, (ids, loss) in zip(labels, expected(finished, "chat", "train", "ids", "loss"), strict=True):
        assert given.tolist() == [token if trained else -100 for token, trained in zip(ids, loss, strict=True)]
    assert any((given == -100).any() and (given >= 0).any() for given in labels)


def test_plain_text_needs_no_labels(exported, finished):
    made = exported("pretrain.1", "megatron")
    documents = read_documents(made.folder / "train" / "text")
    assert [document.tolist() for document in documents] == [ids for (ids,) in expected(finished, "text", "train", "ids")]
    assert not list(made.folder.rglob("*label*"))


def test_the_two_sides_of_pairs_stand_in_one_order(exported, finished):
    made = exported("preference", "megatron")
    sides = expected(finished, "preference", "train", "ids", "rejected_ids")
    for place, side in enumerate(("chosen", "rejected")):
        documents = read_documents(made.folder / "train" / f"preference_{side}")
        assert [document.tolist() for document in documents] == [row[place] for row in sides]


def test_the_tokenizer_beside_them_reads_them(exported, finished):
    from transformers import AutoTokenizer

    made = exported("pretrain.1", "megatron")
    tokenizer = AutoTokenizer.from_pretrained(made.folder / "tokenizer")
    document = read_documents(made.folder / "train" / "text")[0]
    assert document[-1] == tokenizer.eos_token_id
    texts = [row["text"] for row in folder(finished, "examples").read(["text"]).to_pylist()]
    assert tokenizer.decode(document[:-1]) in texts


def test_the_blend_has_the_mixs_weights_and_names_files_that_are_there(exported, opened):
    made = exported("sft", "megatron")
    blend = json.loads((made.folder / "blend.json").read_text("utf-8"))
    weights = [row for row in opened.load("weights").read().to_pylist() if row["track"] == "sft"]
    assert set(blend) == {"train", "valid", "test"}
    for words in blend.values():
        assert sum(map(float, words[::2])) == pytest.approx(1, abs=1e-5)
        assert all(Path(f"{made.folder / prefix}.bin").exists() for prefix in words[1::2])
    for weight, prefix in zip(blend["train"][::2], blend["train"][1::2], strict=True):
        share = sum(row["weight"] for row in weights if prefix == f"train/{row['task']}")
        assert float(weight) == pytest.approx(share, abs=1e-5)


def test_an_index_written_in_blocks_is_the_same(tmp_path, monkeypatch):
    import pyarrow as pa

    from polymath.export import megatron

    documents = pa.array([[7, 8], [9], [1, 2, 3], [4]], pa.large_list(pa.uint32()))
    for name, block in (("whole", 1 << 20), ("blocks", 3)):
        monkeypatch.setattr(megatron, "BLOCK", block)
        file = Indexed(tmp_path / name, np.dtype(np.int32))
        file.write(documents.slice(0, 2))
        file.write(documents.slice(2))
        file.close()
    assert (tmp_path / "whole.idx").read_bytes() == (tmp_path / "blocks.idx").read_bytes()
    assert [document.tolist() for document in read_documents(tmp_path / "blocks")] == documents.to_pylist()
