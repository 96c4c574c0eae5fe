"""The tokenizer of a run: one from the hub or a folder, or a byte-level BPE trained on the run's own training examples."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.pipelines.curate.decisions import side_by_side
from polymath.pipelines.curate.tokenizer_folder import read_folder
from polymath.sources.files import content_digest
from polymath.sources.options import ReadOptions
from polymath.store.folder import ShardFolder

VERSION = 1
TRAINED = "trained"
END, PAD = "<|endoftext|>", "<|padding|>"
DEFINED_BY = ("*.json", "*.jinja", "*.model", "*.txt")
"""Files of a folder that a tokenizer is made of; a model's weights may lie beside them."""

TOKENIZER = pa.schema(
    [
        ("name", pa.string()),
        ("definition", pa.string()),  # tokenizer.json, whole
        ("vocabulary", pa.int32()),
        ("end", pa.int32()),  # id of the end-of-text token
        ("begin", pa.int32()),  # id that opens a document; null where the tokenizer adds none
        ("chat_template", pa.string()),
        ("special_tokens", pa.string()),  # JSON: role -> token
    ]
)


class TokenizerConfig(Config):
    """Which tokenizer."""

    name: str = TRAINED
    """A hub id or a folder with a `tokenizer.json` (EleutherAI/gpt-neox-20b, tiiuae/falcon-7b, meta-llama/Llama-2-7b-hf), or
    `trained`: a byte-level BPE of this run's own, which needs no download."""
    revision: str | None = None
    """Commit of a hub tokenizer."""
    vocabulary: int = Field(8192, ge=300, le=2**20)
    """Entries of a trained one."""
    sample_mb: int = Field(16, ge=1)
    """Text that it is trained on, MB, spread evenly over the tasks."""


def fit_tokenizer(examples: ShardFolder, split: ShardFolder, tokenizer: TokenizerConfig, engine: EngineConfig) -> Plan:
    """The tokenizer that was named; or one trained on training examples, and then kept while its sources stay."""
    if tokenizer.name != TRAINED:
        return plan_named(tokenizer, engine)
    rows: Counter[str] = Counter()
    for _, shard in side_by_side(examples, split):
        rows[shard.name.rpartition("-")[0]] += shard.rows
    item = Item("tokenizer", (examples, split), examples.rows)
    libraries = ("tokenizers",)
    return Plan("tokenize", train, (item,), tokenizer, VERSION, libraries=libraries, fitted_on=dict(rows), engine=engine)


@dataclass(frozen=True)
class Named:
    """A tokenizer by its name, as an input of a plan."""

    name: str
    revision: str | None

    @property
    def digest(self) -> str:
        """Of the files of a folder that make a tokenizer; of a hub tokenizer its id and revision."""
        folder = Path(self.name)
        if not folder.is_dir():
            return f"{self.name}@{self.revision}"
        files = [path.name for kind in DEFINED_BY for path in folder.glob(kind)]
        return content_digest(files, folder, ReadOptions(outside=True))


def plan_named(config: TokenizerConfig, engine: EngineConfig) -> Plan:
    """The tokenizer that was named; a folder whose files have changed is read again."""
    item = Item("tokenizer", (Named(config.name, config.revision),), 1)
    return Plan("tokenize", load, (item,), config, VERSION, libraries=("transformers",), engine=engine)


def load(named: Named, config: TokenizerConfig) -> pa.Table:
    """The tokenizer of a config; `named` tells a plan whether it is still the same."""
    return load_named(config)


def load_named(config: TokenizerConfig) -> pa.Table:
    """A tokenizer from the hub or a folder (schema TOKENIZER, one row)."""
    row = read_folder(Path(config.name)) or _read_by_transformers(config)
    if row["end"] is None:
        raise UserError(f"tokenizer.name: {config.name!r} has no end-of-text token; replies could not be closed")
    return pa.Table.from_pylist([{"name": config.name, **row}], schema=TOKENIZER)


def _read_by_transformers(config: TokenizerConfig) -> dict[str, Any]:
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")  # that there is no PyTorch is no news here
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(config.name, revision=config.revision, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"tokenizer.name: {config.name!r} cannot be loaded ({str(error).splitlines()[0]}); "
            "give a hub id, a folder with tokenizer.json, or trained"
        ) from error
    if not tokenizer.is_fast:
        raise UserError(f"tokenizer.name: {config.name!r} has no fast tokenizer (tokenizer.json); convert it or name another")
    adds_begin = tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    return {
        "definition": tokenizer.backend_tokenizer.to_str(),
        "vocabulary": len(tokenizer),
        "end": tokenizer.eos_token_id,
        "begin": tokenizer.bos_token_id if adds_begin else None,
        "chat_template": tokenizer.chat_template,
        "special_tokens": json.dumps({name: str(token) for name, token in tokenizer.special_tokens_map.items()}),
    }


def train(examples: ShardFolder, split: ShardFolder, config: TokenizerConfig) -> pa.Table:
    """A byte-level BPE (Sennrich 2016; Radford 2019) trained on the training examples, every task with its share."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=config.vocabulary, special_tokens=[END, PAD], initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(_sample(examples, split, config.sample_mb * 2**20), trainer)
    row = {
        "name": f"byte-level BPE of {tokenizer.get_vocab_size():,} entries, trained on this run's examples",
        "definition": tokenizer.to_str(),
        "vocabulary": tokenizer.get_vocab_size(),
        "end": tokenizer.token_to_id(END),
        "special_tokens": json.dumps({"eos_token": END, "pad_token": PAD}),
    }
    return pa.Table.from_pylist([row], schema=TOKENIZER)


def _sample(examples: ShardFolder, split: ShardFolder, size: int) -> Iterator[str]:
    """Texts of training examples: an equal share of `size` bytes for each task, evenly over its shards."""
    found: dict[str, list[tuple[int, int]]] = {}
    for number, (shard, decisions) in enumerate(zip(examples.shards, split.shards, strict=True)):
        table = shard.read(["record", "task"])
        state = decisions.read(["kept", "split"])
        train = state["kept"].to_numpy() & (state["split"].cast(pa.string()).to_numpy() == "train")
        tasks = table["task"].cast(pa.string()).to_numpy()
        chosen = train[table["record"].to_numpy()]
        for task in np.unique(tasks[chosen]):
            found.setdefault(task, []).extend((number, row) for row in np.flatnonzero(chosen & (tasks == task)).tolist())
    share = size // max(len(found), 1)
    for task in sorted(found):
        yield from _task_sample(examples, found[task], share)


def _task_sample(examples: ShardFolder, places: list[tuple[int, int]], size: int) -> Iterator[str]:
    """Every k-th example of a task, k such that about `size` bytes come together."""
    columns = ["system", "prompt", "input", "reply", "text", "chosen"]
    mean = max(sum(shard.entry.bytes for shard in examples.shards) * 3 // max(examples.rows, 1), 1)
    step = max(len(places) * mean // size, 1)
    wanted: dict[int, list[int]] = {}
    for number, row in places[::step]:
        wanted.setdefault(number, []).append(row)
    for number, rows in wanted.items():
        for row in examples.shards[number].take(rows, columns).to_pylist():
            yield "\n".join(value for value in row.values() if value)
