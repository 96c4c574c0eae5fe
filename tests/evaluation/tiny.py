"""Models small enough for tests: two layers, a byte-level BPE of their own, and, where asked, a few replies learnt by heart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polymath.form import FormConfig

LEARNT = {
    "Say hello.": "Hello there, friend!",
    "What is the capital of Thailand?": "Bangkok.",
    "Name three colours.": "1. Red\n2. Green\n3. Blue",
    "สวัสดี": "สวัสดีครับ มีอะไรให้ช่วยไหม",
}
TEXT = "Once upon a time there lived a king who had three sons and one old horse."
SHAPES: dict[str, dict[str, Any]] = {
    "llama": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "gpt_neox": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
    "gpt_neo": {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]},
    "mpt": {"d_model": 64, "n_layers": 2, "n_heads": 4, "expansion_ratio": 2},
    "cohere": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4},
}
"""Of the architectures in `parameters/models`."""


def make_tokenizer(chat: bool = True) -> Any:
    """A byte-level BPE of 400 tokens, with the Alpaca form as its chat template where `chat`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([*LEARNT, *LEARNT.values(), TEXT, FormConfig().preamble], trainer)
    template = FormConfig().template if chat else None
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>", chat_template=template)


def make_model(kind: str = "llama", context: int = 256, tokens: int = 400, spread: float = 0.02) -> Any:
    """A fresh model of a kind of `SHAPES`; `spread` is the standard deviation of its weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    limit = "max_seq_len" if kind == "mpt" else "max_position_embeddings"
    special = {"bos_token_id": None, "eos_token_id": 0, "pad_token_id": None}
    config = AutoConfig.for_model(
        kind, vocab_size=tokens, **SHAPES[kind], **{limit: context}, **special, initializer_range=spread
    )
    return AutoModelForCausalLM.from_config(config)


def learn(model: Any, tokenizer: Any, replies: Mapping[str, str], texts: Sequence[str] = (), steps: int = 80) -> None:
    """Teach replies, by the chat template, and texts, until they are known by heart."""
    import torch

    rows = [tokenizer(text)["input_ids"] for text in texts]
    for asked, reply in replies.items():
        turns = [{"role": "user", "content": asked}, {"role": "assistant", "content": reply}]
        rows.append(tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"])
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(steps):
        loss = model(input_ids=ids, attention_mask=mask, labels=ids.masked_fill(mask == 0, -100)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()


def save(folder: Path, model: Any, tokenizer: Any) -> Path:
    """A folder in transformers' format."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
