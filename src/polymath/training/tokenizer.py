"""The track's tokenizer as transformers knows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from polymath.form import FormConfig
from polymath.store.folder import ShardFolder

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


def tokenizer_row(folder: ShardFolder) -> dict[str, Any]:
    """The one row of a tokenizer dataset: definition, vocabulary, ids of the special tokens."""
    row: dict[str, Any] = folder.read().to_pylist()[0]
    return row


def load_tokenizer(row: dict[str, Any], form: FormConfig | None = None) -> PreTrainedTokenizerFast:
    """The tokenizer of a track; with the form's chat template where it has none of its own."""
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    special = {name: token for name, token in json.loads(row["special_tokens"]).items() if token}
    template = form.template if form and form.template else row["chat_template"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(row["definition"]), chat_template=template, **special
    )
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
