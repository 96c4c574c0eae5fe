"""Shapes of models: their parameters counted from the configuration, without making the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import Field, RootModel, model_validator

from polymath.config import Config, Explained
from polymath.errors import UserError, choices

Given = dict[str, Any]


@dataclass(frozen=True)
class Anatomy:
    """What a model is made of, in numbers."""

    hidden: int
    layers: int
    vocabulary: int
    matrices: tuple[tuple[int, int], ...]
    """Sides of the weight matrices of one layer."""
    vectors: int
    """Numbers in the biases and norms of one layer."""
    outside: int
    """Parameters outside of the layers: embeddings, head, last norm."""

    @property
    def layer_parameters(self) -> int:
        """Of one layer."""
        return sum(rows * columns for rows, columns in self.matrices) + self.vectors

    @property
    def parameters(self) -> int:
        """All of them; a head that is the embedding is counted once."""
        return self.layers * self.layer_parameters + self.outside

    def adapter_parameters(self, rank: int) -> int:
        """Of low-rank adapters (Hu 2021, 2106.09685) beside every matrix of every layer: rank x (rows + columns) each."""
        return self.layers * rank * sum(rows + columns for rows, columns in self.matrices)


def _gated(given: Given, norms: int, tied: bool) -> Anatomy:
    """Blocks without biases, a gated feed-forward layer of three matrices, key-value heads shared by query heads."""
    hidden, heads, inner = given["hidden_size"], given["num_attention_heads"], given["intermediate_size"]
    size = given.get("head_dim") or hidden // heads
    shared = given.get("num_key_value_heads") or heads
    queries, keys, feed = (hidden, heads * size), (hidden, shared * size), (hidden, inner)
    matrices = (queries, keys, keys, queries, feed, feed, feed)
    embeddings = given["vocab_size"] * hidden * (1 if given.get("tie_word_embeddings", tied) else 2)
    return Anatomy(hidden, given["num_hidden_layers"], given["vocab_size"], matrices, norms * hidden, embeddings + hidden)


def _llama(given: Given) -> Anatomy:
    return _gated(given, norms=2, tied=False)


def _cohere(given: Given) -> Anatomy:
    """Parallel blocks have one norm."""
    return _gated(given, norms=1, tied=True)


def _mpt(given: Given) -> Anatomy:
    hidden = given["d_model"]
    inner = hidden * given.get("expansion_ratio", 4)
    matrices = ((hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (hidden, inner))
    return Anatomy(hidden, given["n_layers"], given["vocab_size"], matrices, 2 * hidden, (given["vocab_size"] + 1) * hidden)


def _gpt_neo(given: Given) -> Anatomy:
    """Queries, keys and values have no biases; positions are learnt."""
    hidden = given["hidden_size"]
    inner = given.get("intermediate_size") or 4 * hidden
    matrices = (*[(hidden, hidden)] * 4, (hidden, inner), (hidden, inner))
    outside = (given["vocab_size"] + given["max_position_embeddings"] + 2) * hidden
    return Anatomy(hidden, given["num_layers"], given["vocab_size"], matrices, 6 * hidden + inner, outside)


def _gpt_neox(given: Given) -> Anatomy:
    """Biases everywhere but in the head, which is a matrix of its own."""
    hidden, inner = given["hidden_size"], given["intermediate_size"]
    matrices = ((hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (hidden, inner))
    outside = (2 * given["vocab_size"] + 2) * hidden
    return Anatomy(hidden, given["num_hidden_layers"], given["vocab_size"], matrices, 9 * hidden + inner, outside)


ANATOMIES: dict[str, Callable[[Given], Anatomy]] = {
    "llama": _llama,
    "cohere": _cohere,
    "mpt": _mpt,
    "gpt_neo": _gpt_neo,
    "gpt_neox": _gpt_neox,
}
"""By the `model_type` of transformers."""


class Shape(Config):
    """A model's shape and the learning rate that suits it: an entry of `parameters/models`."""

    architecture: dict[str, Any]
    """`model_type` and the keys of its configuration in transformers."""
    learning_rate: float = Field(gt=0)
    """At its height, from scratch."""
    trained_tokens: float | None = Field(None, gt=0)
    """Tokens that the published weights were trained on, repeats counted; none given: there are none."""
    source: str
    """Where shape, rate and tokens come from."""

    @model_validator(mode="after")
    def _can_be_counted(self) -> Shape:
        kind = self.architecture.get("model_type")
        if kind not in ANATOMIES:
            raise UserError(f"architecture.model_type: {kind!r} cannot be counted; {choices(kind, ANATOMIES)}")
        try:
            ANATOMIES[kind](self.architecture)
        except KeyError as missing:
            raise UserError(f"architecture: {kind} needs {missing.args[0]}") from None
        return self

    @cached_property
    def anatomy(self) -> Anatomy:
        """What it is made of."""
        return ANATOMIES[self.architecture["model_type"]](self.architecture)

    @property
    def parameters(self) -> int:
        """With the vocabulary that the architecture names."""
        return self.anatomy.parameters


class Shapes(Explained, RootModel[dict[str, Shape]]):
    """`params:models`: the library of shapes, by name."""
