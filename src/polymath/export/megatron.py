"""Token files for readers of Megatron's indexed datasets: Megatron-LM, GPT-NeoX, NeMo and others.

`<prefix>.bin` holds the ids of all documents one after another; `<prefix>.idx` holds, little-endian: the magic `MMIDIDX` and
two zero bytes, the version (uint64, 1), a code for the type of the ids (uint8), the number of sequences and of document bounds
(uint64 each), the length of each sequence (int32), its byte offset in the `.bin` (int64), and the document bounds (int64:
0, 1, 2, ... since every document is one sequence). As in megatron/core/datasets/indexed_dataset.py.
"""

import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from polymath.export.contents import SPLITS, Contents, Part
from polymath.tasks import TASKS

MAGIC = b"MMIDIDX\x00\x00"
VERSION = 1
CODES = {np.dtype(np.int32): 4, np.dtype(np.uint16): 8}
MASKED = -100
"""In label files, where an id has no loss: GPT-NeoX counts no loss on labels below zero."""
BLOCK = 1 << 20
"""Entries of the index written at once."""


def write_megatron(contents: Contents, folder: Path) -> Counter[str]:
    """Write `<split>/<task>.bin` and `.idx` with labels beside them, the tokenizer, and the blend; documents by split.

    Pairs have the better side in `<task>_chosen` and the worse one in `<task>_rejected`, document for document.
    """
    row = contents.folders["tokenizer"].read().to_pylist()[0]
    kind = np.dtype(np.uint16 if row["vocabulary"] <= 2**16 else np.int32)
    open_: dict[tuple[str, str], Indexed] = {}
    rows: Counter[str] = Counter()

    def file(split: str, name: str, dtype: np.dtype) -> Indexed:
        if (split, name) not in open_:
            (folder / split).mkdir(exist_ok=True)
            open_[split, name] = Indexed(folder / split / name, dtype)
        return open_[split, name]

    for part in contents.parts():
        tasks = part.facts["task"].to_numpy()
        for task in np.unique(tasks).tolist():
            for side, ids, loss in _sides(part, np.flatnonzero(tasks == task), TASKS[task].shape):
                file(part.split, f"{task}{side}", kind).write(ids)
                if loss is not None:
                    file(part.split, f"{task}{side}_label", np.dtype(np.int32)).write(_labels(ids, loss))
        rows[part.split] += len(tasks)
    for each in open_.values():
        each.close()
    _write_tokenizer(row, folder / "tokenizer")
    _write_blend(contents, folder)
    return rows


def _sides(part: Part, rows: np.ndarray, shape: str) -> list[tuple[str, pa.Array, pa.Array | None]]:
    """Name, ids and loss mask of each side; no mask for plain text, where everything is trained on."""
    sides = {"_chosen": "", "_rejected": "rejected_"} if shape == "pair" else {"": ""}
    names = [f"{before}{name}" for before in sides.values() for name in ("ids", "loss")]
    table = part.ids(names).take(pa.array(rows)).combine_chunks()
    return [
        (side, _one(table[f"{before}ids"]), None if shape == "text" else _one(table[f"{before}loss"]))
        for side, before in sides.items()
    ]


def _labels(ids: pa.Array, loss: pa.Array) -> pa.Array:
    """The ids, masked where they have no loss; not shifted."""
    trained = loss.flatten().to_numpy(zero_copy_only=False)
    labels = np.where(trained, ids.flatten().to_numpy().astype(np.int32), np.int32(MASKED))
    offsets = np.concatenate([[0], np.cumsum(ids.value_lengths().to_numpy(zero_copy_only=False).astype(np.int64))])
    return pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(labels))


class Indexed:
    """One `.bin` as it is written, and its `.idx` at the end; only the lengths of documents stay in memory."""

    def __init__(self, prefix: Path, dtype: np.dtype) -> None:
        """`prefix`: the path without its ending."""
        self._prefix, self._dtype = prefix, dtype
        self._file = prefix.with_name(f"{prefix.name}.bin").open("wb")
        self._lengths: list[np.ndarray] = []

    def write(self, documents: pa.Array) -> None:
        """A document each: a list array of ids."""
        self._file.write(documents.flatten().to_numpy().astype(self._dtype, copy=False).tobytes())
        self._lengths.append(documents.value_lengths().to_numpy(zero_copy_only=False).astype(np.int32))

    def close(self) -> None:
        """Write the index."""
        self._file.close()
        lengths = np.concatenate(self._lengths)
        with self._prefix.with_name(f"{self._prefix.name}.idx").open("wb") as index:
            index.write(MAGIC + struct.pack("<QBQQ", VERSION, CODES[self._dtype], len(lengths), len(lengths) + 1))
            index.write(lengths.astype("<i4").tobytes())
            start = 0
            for first in range(0, len(lengths), BLOCK):
                ends = start + np.cumsum(lengths[first : first + BLOCK].astype(np.int64) * self._dtype.itemsize)
                index.write(np.concatenate([[start], ends[:-1]]).astype("<i8").tobytes())
                start = int(ends[-1])
            for first in range(0, len(lengths) + 1, BLOCK):
                index.write(np.arange(first, min(first + BLOCK, len(lengths) + 1), dtype="<i8").tobytes())


def _write_tokenizer(row: dict[str, Any], folder: Path) -> None:
    """As transformers reads it, so that the ids mean something."""
    folder.mkdir()
    special = {name: token for name, token in json.loads(row["special_tokens"]).items() if token}
    about = {"tokenizer_class": "PreTrainedTokenizerFast", **special, "model_max_length": int(1e30)}
    about |= {"chat_template": row["chat_template"]} if row["chat_template"] else {}
    (folder / "tokenizer.json").write_text(row["definition"], "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _write_blend(contents: Contents, folder: Path) -> None:
    """`blend.json`: weight and prefix of every task, as Megatron's `--per-split-data-args-path` takes them.

    Training is blended by the mix's weights; what is only measured, as it is.
    """
    drawn: Counter[tuple[str, str]] = Counter()
    for row in contents.weights:
        drawn["train", row["task"]] += row["weight"]
    for row in contents.counts.to_pylist():
        if row["split"] != "train":
            drawn[row["split"], row["task"]] += row["tokens"]
    side = "_chosen" if contents.config.kind == "pairs" else ""
    blend = {}
    for split in SPLITS:
        mine = {task: share for (name, task), share in sorted(drawn.items()) if name == split and share > 0}
        words = [(f"{share / sum(mine.values()):.6f}", f"{split}/{task}{side}") for task, share in mine.items()]
        blend["valid" if split == "validation" else split] = [word for pair in words for word in pair]
    (folder / "blend.json").write_text(json.dumps(blend, indent=1) + "\n", "utf-8")


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
