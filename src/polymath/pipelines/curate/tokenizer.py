"""The tokenizer of a run: one from the hub or a folder, or a byte-level BPE trained on the run's own training examples."""

import functools
import itertools
import json
import logging
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.errors import UserError
from polymath.store.folder import ShardFolder

VERSION = 1
END, PAD = "<|endoftext|>", "<|padding|>"

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

    name: str = "trained"
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
    if tokenizer.name != "trained":
        return Plan("tokenize", load_named, (Item("tokenizer", (), 1),), tokenizer, VERSION, engine=engine)
    rows: Counter[str] = Counter()
    for shard in split.shards:
        rows[shard.name.rpartition("-")[0]] += shard.rows
    item = Item("tokenizer", (examples, split), examples.rows)
    libraries = ("tokenizers",)
    return Plan("tokenize", train, (item,), tokenizer, VERSION, libraries=libraries, fitted_on=dict(rows), engine=engine)


def load_named(config: TokenizerConfig) -> pa.Table:
    """A tokenizer from the hub or a folder (schema TOKENIZER, one row)."""
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
    if tokenizer.eos_token_id is None:
        raise UserError(f"tokenizer.name: {config.name!r} has no end-of-text token; replies could not be closed")
    adds_begin = tokenizer.bos_token_id is not None and tokenizer("a")["input_ids"][:1] == [tokenizer.bos_token_id]
    row = {
        "name": config.name,
        "definition": tokenizer.backend_tokenizer.to_str(),
        "vocabulary": len(tokenizer),
        "end": tokenizer.eos_token_id,
        "begin": tokenizer.bos_token_id if adds_begin else None,
        "chat_template": tokenizer.chat_template,
        "special_tokens": json.dumps({name: str(token) for name, token in tokenizer.special_tokens_map.items()}),
    }
    return pa.Table.from_pylist([row], schema=TOKENIZER)


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


class Codec:
    """A tokenizer ready to encode. gigatoken does the work where its ids equal Hugging Face's; else `tokenizers` does."""

    CHECKED = 48
    """Pieces of each shard on which the two are compared."""

    def __init__(self, table: pa.Table) -> None:
        from tokenizers import Tokenizer

        self.row: dict[str, Any] = table.to_pylist()[0]
        self.end: int = self.row["end"]
        self.begin: int | None = self.row["begin"]
        self.dtype = np.uint16 if self.row["vocabulary"] <= 2**16 else np.uint32
        self._plain = Tokenizer.from_str(self.row["definition"])
        self._fast = _gigatoken(self.row["definition"])

    @functools.cached_property
    def template(self) -> Any:
        """The tokenizer as transformers has it, for its chat template."""
        from transformers import PreTrainedTokenizerFast

        special = json.loads(self.row["special_tokens"])
        return PreTrainedTokenizerFast(
            tokenizer_object=self._plain, chat_template=self.row["chat_template"], **{k: v for k, v in special.items() if v}
        )

    def encode(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray, str]:
        """Ids of all texts one after another, offsets int64[n + 1], and the name of the library that made them."""
        if self._fast is not None and self._agree(texts):
            ids, offsets = _encode_fast(self._fast, texts)
            return ids.astype(self.dtype, copy=False), offsets, "gigatoken"
        return *self._encode_plain(texts), "tokenizers"

    def _agree(self, texts: pa.Array) -> bool:
        """Whether both give the same ids on a sample of the texts: the longest, and every k-th."""
        if not len(texts):
            return True
        lengths = pc.binary_length(texts).to_numpy(zero_copy_only=False)
        rows = np.union1d(np.argsort(lengths)[-4:], np.linspace(0, len(texts) - 1, self.CHECKED).astype(np.int64))
        sample = texts.take(pa.array(rows[lengths[rows] < 20_000]))
        expected, given = self._encode_plain(sample), _encode_fast(self._fast, sample)
        same = all(np.array_equal(left, right) for left, right in zip(expected, given, strict=True))
        if not same:
            name = self.row["name"]
            logging.getLogger(__name__).warning(
                "%s: gigatoken's ids differ from Hugging Face's; tokenizers does the work", name
            )
        return same

    def _encode_plain(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        encoded = [each.ids for each in self._plain.encode_batch_fast(texts.to_pylist(), add_special_tokens=False)]
        offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in encoded], dtype=np.int64)])
        return np.fromiter(itertools.chain.from_iterable(encoded), self.dtype, offsets[-1]), offsets


@functools.lru_cache(maxsize=1)
def codec(path: Path, digest: str) -> Codec:
    """The run's tokenizer, loaded once per process."""
    return Codec(ShardFolder.open(path).read())


def _gigatoken(definition: str) -> Any:
    """The same tokenizer in gigatoken, None where it cannot read it."""
    import tempfile

    import gigatoken

    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(definition)
        file.flush()
        try:
            return gigatoken.Tokenizer(file.name)
        except Exception as error:
            logging.getLogger(__name__).warning("gigatoken cannot read this tokenizer (%s); tokenizers does the work", error)
            return None


def _encode_fast(tokenizer: Any, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    import awkward

    found = tokenizer.encode_batch(awkward.from_arrow(texts.cast(pa.large_binary())), parallel=False)
    lengths = np.asarray(awkward.num(found))
    return np.asarray(awkward.flatten(found)), np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
