"""Codec: the run's tokenizer at work, ids of many texts at once."""

import functools
import itertools
import json
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.store.folder import ShardFolder


class Codec:
    """A tokenizer ready to encode, as the run keeps it (schema TOKENIZER)."""

    def __init__(self, table: pa.Table) -> None:
        self.row: dict[str, Any] = table.to_pylist()[0]
        self.end: int = self.row["end"]
        self.begin: int | None = self.row["begin"]
        self.dtype = np.uint16 if self.row["vocabulary"] <= 2**16 else np.uint32

    @functools.cached_property
    def _opening(self) -> "_Encoder":
        """Made when there is something to encode: where all ids are known, half a second is saved."""
        return _Encoder(self.row["definition"], self.row["name"], self.dtype)

    @functools.cached_property
    def _going_on(self) -> "_Encoder | None":
        """What follows other text is no beginning: LLaMA's kind of tokenizer would put a space before its first word."""
        definition = going_on_of(self.row["definition"])
        return _Encoder(definition, self.row["name"], self.dtype) if definition != self.row["definition"] else None

    @functools.cached_property
    def _added(self) -> list[str]:
        return [token["content"] for token in json.loads(self.row["definition"])["added_tokens"]]

    @functools.cached_property
    def template(self) -> Any:
        """The tokenizer as transformers has it, for its chat template."""
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        from transformers import PreTrainedTokenizerFast

        special = json.loads(self.row["special_tokens"])
        return PreTrainedTokenizerFast(
            tokenizer_object=self._opening.plain,
            chat_template=self.row["chat_template"],
            **{k: v for k, v in special.items() if v},
        )

    def encode(self, texts: pa.Array, first: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray, str]:
        """Ids of all texts one after another, offsets int64[n + 1], and the name of the library that made them.

        `first` bool[n]: which texts are beginnings, the others follow on what was said before; all of them by default.
        """
        if not len(texts):
            return np.empty(0, self.dtype), np.zeros(1, np.int64), ""
        if first is None or self._going_on is None:
            return self._opening.encode(texts)
        opens = first.copy()  # behind a special token the tokenizer begins anew, too
        for token in self._added:
            opens |= pc.starts_with(texts, token).to_numpy(zero_copy_only=False)
        sides = ((self._opening, opens), (self._going_on, ~opens))
        made = [(mine, *encoder.encode(texts.filter(pa.array(mine)))) for encoder, mine in sides]
        lengths = np.empty(len(texts), np.int64)
        for mine, _, offsets, _ in made:
            lengths[mine] = np.diff(offsets)
        ids = np.empty(lengths.sum(), self.dtype)
        for mine, found, _, _ in made:
            ids[np.repeat(mine, lengths)] = found
        libraries = {library for *_, library in made}
        library = libraries.pop() if len(libraries) == 1 else "tokenizers"
        return ids, np.concatenate([[0], np.cumsum(lengths)]), library


class _Encoder:
    """One definition ready to encode. gigatoken does the work where its ids equal Hugging Face's; else `tokenizers` does."""

    CHECKED = 48
    """Pieces of each shard on which the two are compared."""

    def __init__(self, definition: str, name: str, dtype: Any) -> None:
        from tokenizers import Tokenizer

        self.name, self.dtype = name, dtype
        self.plain = Tokenizer.from_str(definition)
        self._fast = _gigatoken(definition)

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
            logging.getLogger(__name__).warning(
                "%s: gigatoken's ids differ from Hugging Face's; tokenizers does the work", self.name
            )
        return same

    def _encode_plain(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        encoded = [each.ids for each in self.plain.encode_batch_fast(texts.to_pylist(), add_special_tokens=False)]
        offsets = np.concatenate([[0], np.cumsum([len(ids) for ids in encoded], dtype=np.int64)])
        return np.fromiter(itertools.chain.from_iterable(encoded), self.dtype, offsets[-1]), offsets


def going_on_of(definition: str) -> str:
    """The tokenizer (tokenizer.json) for text that follows other text: without the space that some put before every text."""
    parts = json.loads(definition)
    plain = {**parts, **{name: _without_space(parts[name]) for name in ("normalizer", "pre_tokenizer")}}
    return definition if plain == parts else json.dumps(plain)


def _without_space(part: dict[str, Any] | None) -> dict[str, Any] | None:
    if part is None or part["type"] == "Prepend":
        return None
    inner = next((name for name in ("normalizers", "pretokenizers") if name in part), None)
    if inner is not None:
        return {**part, inner: [each for each in map(_without_space, part[inner]) if each is not None]}
    if part["type"] == "Metaspace":
        return {**part, "prepend_scheme": "never"}
    return {**part, "add_prefix_space": False} if part.get("add_prefix_space") else part


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
