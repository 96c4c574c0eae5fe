"""Tokenize: each kept example once, into ids with a loss mask. Text that was tokenized before is not tokenized again."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from pydantic import Field, model_validator

from polymath.config import Config
from polymath.engine.contract import EngineConfig, Item, Piece, Plan
from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.pipelines.curate.codec import Codec, codec
from polymath.pipelines.curate.decisions import side_by_side
from polymath.pipelines.curate.forms import NO_TEMPLATE, Pieces, firsts, pieces_of
from polymath.pipelines.curate.tokenizer import TRAINED, TokenizerConfig
from polymath.store.folder import ShardFolder
from polymath.store.rows import find_rows, pick_rows, read_sound
from polymath.store.shards import Shard
from polymath.text.buffers import as_strings

VERSION = 2
MADE = ["text", "ids", "loss", "rejected_text", "rejected_ids", "rejected_loss"]
"""The columns that tokenizing makes."""


class EncodeConfig(Config):
    """What an example's tokens depend on beside the tokenizer."""

    form: FormConfig = FormConfig()


class TokenizeConfig(EncodeConfig):
    """The dials of tokenize."""

    tokenizer: TokenizerConfig = Field(default_factory=TokenizerConfig)

    @model_validator(mode="after")
    def _has_a_template(self) -> "TokenizeConfig":
        if self.form.name == "chat" and self.tokenizer.name == TRAINED:
            raise UserError(f"form.name: {NO_TEMPLATE}")
        return self

    @property
    def encoding(self) -> EncodeConfig:
        """The part that tokens depend on."""
        return EncodeConfig(form=self.form)


def tokenize_examples(
    examples: ShardFolder, split: ShardFolder, tokenizer: ShardFolder, tokenize: TokenizeConfig, engine: EngineConfig
) -> Plan:
    """Ids and loss mask of every example whose record is still in."""
    pairs = side_by_side(examples, split)
    items = tuple(Item(shard.name, (shard, decisions, tokenizer), shard.rows) for shard, decisions in pairs)
    inputs = {"examples": examples.digest, "split": split.digest, "tokenizer": tokenizer.digest}
    config = tokenize.encoding
    libraries = ("tokenizers", "gigatoken")
    return Plan(
        "tokenize", encode_shard, items, config, VERSION, reuses=True, libraries=libraries, engine=engine, inputs=inputs
    )


def encode_shard(
    examples: Shard, decisions: Shard, tokenizer: ShardFolder, config: EncodeConfig, previous: Sequence[Shard]
) -> Piece:
    """One shard of examples as tokens: `id`, `record`, `source`, `task`, `recipe`, `split`, `ids` and `loss` (a bool per id).

    Pairs have the rejected side in `rejected_ids` and `rejected_loss`. `text` is a digest of what was tokenized, by which a
    later run finds ids that it need not make again. Where compose says that examples of a name are the same as before
    (`origin`), not even their text is read.
    """
    state = decisions.read(["kept", "split"])
    named = examples.read(["id", "record", "source", "task", "recipe"])
    rows = np.flatnonzero(state["kept"].to_numpy()[named["record"].to_numpy()])
    named = named.take(pa.array(rows))
    note = {"tokenizer": tokenizer.digest, "origin": examples.entry.note.get("origin")}
    old = [shard for shard in previous if shard.name == examples.name and shard.entry.note["tokenizer"] == tokenizer.digest]
    same = read_sound((shard for shard in old if note["origin"] == shard.entry.note.get("origin", "")), ["id", "task", *MADE])
    place = _same_examples(named, same)
    new = np.flatnonzero(place < 0)
    fresh, library = 0, ""
    if len(new) or not same:
        texts = pick_rows(examples.read(), rows[new])
        made, fresh, library = _tokenized(texts, codec(tokenizer.path, tokenizer.digest), config.form, old)
        place = np.where(place < 0, np.cumsum(place < 0) - 1, len(new) + place)
        same = [made, *same]
    tokens = pick_rows(pa.concat_tables([table.select(MADE) for table in same]), place)
    table = named.append_column("split", state["split"].take(named["record"]))
    for name in MADE:
        table = table.append_column(name, tokens[name])
    return Piece(table, {**note, "library": library, "fresh": fresh})


def _same_examples(named: pa.Table, made: Sequence[pa.Table]) -> np.ndarray:
    """For each example the row of the one of the same name and task in what was made before (a table or none), else -1."""
    if not made:
        return np.full(len(named), -1)
    found = pc.index_in(named["id"], value_set=made[0]["id"].combine_chunks())
    tasks = (column.cast(pa.string()) for column in (named["task"], made[0]["task"].take(found)))
    return pc.if_else(pc.fill_null(pc.equal(*tasks), False), found, -1).to_numpy().astype(np.int64)


def _tokenized(examples: pa.Table, encoder: Codec, form: FormConfig, old: Sequence[Shard]) -> tuple[pa.Table, int, str]:
    """Tokens of examples (columns MADE), row for row; how many texts had to be tokenized, and the library that did it."""
    examples = examples.append_column("answer", pc.coalesce(examples["reply"], examples["chosen"]))
    main, fresh, library = _encode(examples, "answer", encoder, form, _Known.of(old, ""))
    paired = np.flatnonzero(examples["rejected"].is_valid().to_numpy())
    sides = [pa.nulls(len(examples), kind) for kind in (pa.uint64(), main.ids.type, main.loss.type)]
    if len(paired):
        pairs = examples.take(pa.array(paired))
        other, also_fresh, _ = _encode(pairs, "rejected", encoder, form, _Known.of(old, "rejected_"))
        fresh += also_fresh
        spread = np.full(len(examples), -1)
        spread[paired] = np.arange(len(paired))
        places = pa.array(spread, mask=spread < 0)
        sides = [values.take(places) for values in (other.digests, other.ids, other.loss)]
    return pa.table([main.digests, main.ids, main.loss, *sides], names=MADE), fresh, library


@dataclass(frozen=True)
class _Tokens:
    """Tokens of many examples: digests uint64, ids and loss as lists."""

    digests: pa.Array
    ids: pa.Array
    loss: pa.Array


@dataclass(frozen=True)
class _Known:
    """Tokens of an earlier run, looked up by the digest of their text."""

    digests: np.ndarray
    tokens: _Tokens | None

    @classmethod
    def of(cls, shards: Sequence[Shard], side: str) -> "_Known":
        tables = read_sound(shards, [f"{side}text", f"{side}ids", f"{side}loss"])
        if not tables:
            return cls(np.empty(0, np.uint64), None)
        tokens = _Tokens(*(column.combine_chunks() for column in tables[0].columns))
        return cls(pc.fill_null(tokens.digests, 0).to_numpy(zero_copy_only=False), tokens)


def _encode(examples: pa.Table, reply: str, codec_: Codec, form: FormConfig, known: _Known) -> tuple[_Tokens, int, str]:
    """Tokens of one side of the examples, row for row; how many had to be made, and the library that made them."""
    pieces = pieces_of(examples, form, reply, codec_.template if form.name == "chat" else None)
    digests = _digests(pieces, len(examples))
    old = find_rows(known.digests, digests)
    fresh = int(np.count_nonzero(old < 0))
    ids, loss, library = _tokens_of(pieces.of_examples(old < 0), fresh, codec_)
    if known.tokens is not None and fresh < len(examples):
        place = np.where(old >= 0, fresh + old, np.cumsum(old < 0) - 1)
        ids = pa.concat_arrays([ids, known.tokens.ids]).take(pa.array(place))
        loss = pa.concat_arrays([loss, known.tokens.loss]).take(pa.array(place))
    return _Tokens(pa.array(digests), ids, loss), fresh, library


def _digests(pieces: Pieces, examples: int) -> np.ndarray:
    """uint64 per example: of its pieces' texts, their bounds, whether they are trained on, and what opens and closes them."""
    strings = as_strings(pieces.text)
    data, bounds = memoryview(strings.data.data), strings.offsets.tolist()
    hashes = [xxhash.xxh3_64_intdigest(data[a:b]) for a, b in itertools.pairwise(bounds)]
    folded = np.array(hashes, np.uint64) * np.uint64(8) + _flags(pieces)
    digests = np.zeros(examples, np.uint64)
    position = np.arange(len(folded)) - np.searchsorted(pieces.example, pieces.example)
    for turn in range(int(position.max(initial=-1)) + 1):
        mine = position == turn
        rows = pieces.example[mine]
        digests[rows] = (digests[rows] ^ folded[mine]) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(turn)
    return digests


def _flags(pieces: Pieces) -> np.ndarray:
    """uint64: trained, opened and closed as the bits of a number."""
    bits = (pieces.trained * 1, pieces.opened * 2, pieces.closed * 4)
    return np.asarray(sum(bits), np.uint64)


def _tokens_of(pieces: Pieces, examples: int, codec_: Codec) -> tuple[pa.Array, pa.Array, str]:
    """Ids and loss mask, as lists: pieces one after another, with the begin and end tokens that they ask for."""
    flat, starts, library = codec_.encode(pieces.text, firsts(pieces.example))
    opens = pieces.opened & (codec_.begin is not None)
    sizes = opens + np.diff(starts) + pieces.closed
    stops = np.cumsum(sizes)
    begins = (stops - sizes)[opens]
    ids = np.full(stops[-1] if len(stops) else 0, codec_.end, codec_.dtype)
    loss = np.repeat(pieces.trained, sizes)
    # A mask of a byte per token, because places of eight bytes each would be most of the memory and half of the time.
    inner = np.ones(len(ids), bool)
    inner[begins] = False
    inner[stops[pieces.closed] - 1] = False
    ids[inner] = flat
    if codec_.begin is not None:
        ids[begins] = codec_.begin
        loss[begins] = False
    counts = np.bincount(pieces.example, weights=sizes, minlength=examples).astype(np.int64)
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int64())
    lists = [pa.LargeListArray.from_arrays(offsets, pa.array(values)) for values in (ids, loss)]
    return lists[0], lists[1], library
