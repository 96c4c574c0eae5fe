"""Finding the model that a run starts from, without making it: its sizes, and whether its tokenizer is the track's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polymath.errors import UserError, choices
from polymath.planning.shapes import ANATOMIES, Anatomy, Shape, Shapes
from polymath.store.digest import digest_strings
from polymath.training.config import ModelConfig, Start

if TYPE_CHECKING:
    from transformers import PretrainedConfig

RESULT = "result.json"
FILES = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.bin", "*.txt")
"""What a model's folder is made of."""


def find_start(model: ModelConfig, shapes: Shapes, tokenizer: dict[str, Any], sequence_tokens: int) -> Start:
    """The shape, folder or hub model of this name. `tokenizer`: the track's (schema TOKENIZER of curate's tokenize)."""
    if model.name in shapes.root:
        if model.lora is not None:
            raise UserError(f"model.lora: {model.name!r} is a fresh model; adapters need one that has learnt something")
        return _fresh(model.name, shapes.root[model.name], tokenizer, sequence_tokens)
    folder = Path(model.name)
    local = folder.is_dir()
    if local and not (folder / "config.json").exists():
        raise UserError(f"model.name: the folder {model.name!r} holds no model (no config.json)")
    if not local and (model.name.startswith((".", "/", "~")) or model.name.count("/") > 1):
        raise UserError(f"model.name: {model.name}: there is no such folder; name the folder of a model, a hub id or a shape")
    config = _read_config(model, shapes)
    _same_tokens(model, tokenizer, config)
    _long_enough(config, sequence_tokens, model.name)
    ours = local and (folder.parent / RESULT).exists()
    return Start(
        kind="folder" if local else "hub",
        name=_said(folder.parent / "run.json")["run"]["name"] if ours else model.name,
        place=str(folder.resolve()) if local else model.name,
        revision=model.revision,
        digest=folder_digest(folder) if local else "",
        made_by=_said(folder.parent / RESULT)["key"] if ours else "",
        anatomy=anatomy_of(config),
    )


def _said(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def began_as(name: str) -> str:
    """What a model began as, by the runs of ours that made its folder: a shape, or a model from elsewhere; else the name."""
    record = Path(name).parent / "run.json"
    if not record.exists():
        return name
    start = _said(record)["run"]["start"]
    return began_as(start["place"]) if start["kind"] == "folder" else str(start["name"])


def folder_digest(folder: Path) -> str:
    """Of a model's files by name, size and time: weights are too large to read for it."""
    paths = sorted(path for kind in FILES for path in folder.glob(kind))
    return digest_strings(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in paths)


def anatomy_of(config: PretrainedConfig) -> Anatomy:
    """What a model of this configuration is made of: from its shape where that is known, else from a model without weights."""
    if config.model_type in ANATOMIES:
        return ANATOMIES[config.model_type](config.to_dict())
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    layers = config.num_hidden_layers
    inner = next(each for each in model.modules() if isinstance(each, torch.nn.ModuleList) and len(each) == layers)
    shapes = [tuple(each.shape) for each in inner[0].parameters()]
    matrices = tuple((rows, columns) for rows, columns in (shape for shape in shapes if len(shape) == 2))
    within = sum(each.numel() for each in inner.parameters())
    vectors = within // layers - sum(rows * columns for rows, columns in matrices)
    outside = sum(each.numel() for each in model.parameters()) - within
    return Anatomy(config.hidden_size, layers, config.vocab_size, matrices, vectors, outside)


def _fresh(name: str, shape: Shape, tokenizer: dict[str, Any], sequence_tokens: int) -> Start:
    """The shape, with the track's vocabulary in place of its own."""
    from transformers import AutoConfig

    special = {"eos_token_id": tokenizer["end"], "bos_token_id": tokenizer["begin"], "pad_token_id": None}
    architecture = {**shape.architecture, **special, "vocab_size": tokenizer["vocabulary"]}
    words = dict(architecture)
    kind = words.pop("model_type")
    _long_enough(AutoConfig.for_model(kind, **words), sequence_tokens, name)
    return Start(kind="fresh", name=name, architecture=architecture, anatomy=ANATOMIES[kind](architecture))


def _read_config(model: ModelConfig, shapes: Shapes) -> PretrainedConfig:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(model.name, revision=model.revision)
    except (OSError, ValueError) as error:
        raise UserError(
            f"model.name: {model.name!r} is no shape, no folder, and no model that can be read from the hub "
            f"({str(error).strip().splitlines()[0][:120]}); of the shapes, {choices(model.name, shapes.root)}"
        ) from error


def _same_tokens(model: ModelConfig, tokenizer: dict[str, Any], config: PretrainedConfig) -> None:
    """The track's ids must mean to the model what they meant when they were made."""
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    track = Tokenizer.from_str(tokenizer["definition"]).get_vocab()
    try:
        own = AutoTokenizer.from_pretrained(model.name, revision=model.revision).get_vocab()
    except (OSError, ValueError) as error:
        raise UserError(f"model.name: {model.name!r} has no tokenizer to compare with the track's ({error})") from error
    changed = sum(own.get(token) != number for token, number in track.items())
    if changed or config.vocab_size < len(track):
        raise UserError(
            f"model.name: the tokenizer of {model.name!r} is not the one that the track was made with "
            f"({changed:,} of the track's {len(track):,} tokens have other ids in it); "
            f"curate again with --params=tokenize.tokenizer.name={model.name}"
        )


def context_of(config: PretrainedConfig) -> int | None:
    """Tokens that a model of this configuration takes; None where it says nothing."""
    names = ("max_position_embeddings", "n_positions", "max_seq_len")
    return next((int(getattr(config, name)) for name in names if getattr(config, name, None)), None)


def _long_enough(config: PretrainedConfig, sequence_tokens: int, name: str) -> None:
    longest = context_of(config)
    if longest is not None and longest < sequence_tokens:
        raise UserError(
            f"model.name: {name!r} takes {longest:,} tokens at most, but the track's sequences have {sequence_tokens:,}; "
            "lower the track's sequence_tokens (mix.tracks)"
        )
