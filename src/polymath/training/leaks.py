"""Whether an architecture keeps packed documents apart: tried, on a small model of it, before it trains packed."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel

TOLERANCE = 1e-4
"""Logits may differ by rounding, not by more."""
SMALL = {"num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 128}


def packs_safely(config: PretrainedConfig, attention: str | None = None) -> bool:
    """Whether a document in the middle of a packed row gets the logits that it gets alone.

    Tried on a model of two narrow layers with the same code; one that cannot be made so small is not trusted.
    """
    try:
        return leak(small_model(config, attention)) < TOLERANCE
    except (ValueError, RuntimeError, TypeError, AssertionError, KeyError, IndexError, AttributeError):
        return False


def attention_of(config: PretrainedConfig) -> str:
    """SDPA where the architecture has it in transformers, else its own."""
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM._model_mapping[type(config)]
    return "sdpa" if model._supports_sdpa else "eager"


def small_model(config: PretrainedConfig, attention: str | None = None) -> PreTrainedModel:
    """A fresh model of the same architecture, small enough to be tried in a moment."""
    from transformers import AutoModelForCausalLM

    small = copy.deepcopy(config)
    for name, value in {**SMALL, **_shrunk(config)}.items():
        setattr(small, name, value)
    return AutoModelForCausalLM.from_config(small, attn_implementation=attention or attention_of(small)).eval()


def leak(model: PreTrainedModel) -> float:
    """The largest difference between a document's logits when it is packed between two others and when it stands alone."""
    import torch

    generator = torch.Generator().manual_seed(0)
    sizes = (24, 16, 8)
    size = min(model.config.vocab_size, 128)
    texts = [torch.randint(0, size, (1, n), generator=generator) for n in sizes]
    positions = torch.cat([torch.arange(n) for n in sizes])[None]
    with torch.no_grad():
        packed = _logits(model, torch.cat(texts, dim=1), positions)
        begin = 0
        worst = 0.0
        for text in texts:
            alone = _logits(model, text, torch.arange(text.shape[1])[None])
            worst = max(worst, float((packed[:, begin : begin + text.shape[1]] - alone).abs().max()))
            begin += text.shape[1]
    return worst


def _logits(model: PreTrainedModel, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    # With a cache, transformers does not look for documents in the positions, and they see each other.
    logits: torch.Tensor = model(input_ids=ids, position_ids=positions, use_cache=False).logits
    return logits


def _shrunk(config: PretrainedConfig) -> dict[str, Any]:
    """What must fit the smaller width, where the configuration has it."""
    kv = getattr(config, "num_key_value_heads", None)
    heads = getattr(config, "num_attention_heads", None)
    wanted: dict[str, Any] = {
        "intermediate_size": 128,
        "head_dim": 16,
        "num_key_value_heads": 4 if kv == heads else 1 if kv == 1 else 2,
        "attention_types": [[["global", "local"], 1]],
        "attention_layers": ["global", "local"],
        "layer_types": getattr(config, "layer_types", None) and config.layer_types[:2],
        "pad_token_id": None,
        "bos_token_id": 0,
        "eos_token_id": 0,
    }
    fixed = {name for name in dir(type(config)) if isinstance(getattr(type(config), name), property)}
    return {name: value for name, value in wanted.items() if getattr(config, name, None) is not None and name not in fixed}
