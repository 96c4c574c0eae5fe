"""A tokenizer folder that `tokenizer.json` describes alone, read without transformers, whose import takes two seconds."""

import json
from pathlib import Path
from typing import Any

ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
PLAIN = ("PreTrainedTokenizerFast", "TokenizersBackend")
"""Classes of transformers that take `tokenizer.json` as it is; others build their tokenizer anew."""
UNDERSTOOD = {*ROLES, "backend", "chat_template", "model_max_length", "tokenizer_class"}
"""Settings that change no id, or that name a token. With any other, transformers decides what it means."""
FILES = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
MOST = 100_000
"""Entries beyond which transformers looks for splitting rules that some models were published with by mistake."""


def read_folder(folder: Path) -> dict[str, Any] | None:
    """The row that transformers would give (schema TOKENIZER, without the name), None where it has more to say."""
    if not folder.is_dir() or not _described_by(folder):
        return None
    try:
        settings = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    except ValueError:  # transformers says what is wrong with it
        return None
    special = {role: settings[role] for role in ROLES if settings.get(role) is not None}
    values = [*special.values(), settings.get("chat_template") or ""]
    plain = settings.get("tokenizer_class") in PLAIN and all(isinstance(value, str) for value in values)
    return _row(folder, special, settings.get("chat_template")) if plain and UNDERSTOOD.issuperset(settings) else None


def _described_by(folder: Path) -> bool:
    """Whether the files that are needed are there, and none that would change what they say."""
    there = {path.name for kind in ("*.json", "*.jinja", "*.model") for path in folder.glob(kind)}
    return {"tokenizer.json", "tokenizer_config.json"} <= there <= FILES and not (folder / "additional_chat_templates").exists()


def _row(folder: Path, special: dict[str, str], template: str | None) -> dict[str, Any] | None:
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    added = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    if not added.issuperset(special.values()) or tokenizer.get_vocab_size() > MOST:
        return None
    if tokenizer.truncation or tokenizer.padding:
        return None
    if tokenizer.post_processor is None:  # transformers says in words that nothing is added
        tokenizer.post_processor = TemplateProcessing(single="$A:0", pair="$A:0 $B:1", special_tokens=[])
    begin = tokenizer.token_to_id(special["bos_token"]) if "bos_token" in special else None
    file = folder / "chat_template.jinja"
    return {
        "definition": tokenizer.to_str(),
        "vocabulary": tokenizer.get_vocab_size(),
        "end": tokenizer.token_to_id(special["eos_token"]) if "eos_token" in special else None,
        "begin": begin if begin is not None and tokenizer.encode("a").ids[:1] == [begin] else None,
        "chat_template": file.read_text("utf-8") if file.exists() else template,
        "special_tokens": json.dumps(special),
    }
