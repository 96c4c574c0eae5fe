"""The model that a run starts from: made fresh from a shape, or read from a folder or the hub; with adapters where asked."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

from polymath.errors import UserError
from polymath.training.config import RunConfig, Start
from polymath.training.leaks import attention_of

SCORE, HEADS = "score", ("lm_head", "embed_out")
"""Names that transformers gives to the layer that scores, and to the one that foretells tokens."""
if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedModel


def architecture_of(start: Start) -> PretrainedConfig:
    """transformers' configuration of the model."""
    from transformers import AutoConfig

    if start.kind == "fresh":
        words = dict(start.architecture)
        return AutoConfig.for_model(words.pop("model_type"), **words)
    return AutoConfig.from_pretrained(start.place, revision=start.revision)


def attention_for(config: PretrainedConfig, wanted: str, gpus: bool) -> str:
    """The attention that a run uses: the one that is wanted, or the fastest that is here."""
    if wanted != "auto":
        return wanted
    if gpus and importlib.util.find_spec("flash_attn"):
        return "flash_attention_2"
    return attention_of(config)


def model_class(run: RunConfig) -> Any:
    """transformers' class for what the model is to say: the next token, or how good a reply is."""
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

    return AutoModelForSequenceClassification if run.objective.kind == "pairwise" else AutoModelForCausalLM


def outputs(run: RunConfig) -> dict[str, int]:
    """Of the model's configuration: a model that scores has one output, where transformers would give it two."""
    return {"num_labels": 1} if run.objective.kind == "pairwise" else {}


def check_scorable(start: Start) -> None:
    """A UserError for a model that can be given no score in place of its head."""
    from transformers import AutoModelForSequenceClassification

    config = architecture_of(start)
    known = {kind.model_type for kind in AutoModelForSequenceClassification._model_mapping}
    if config.model_type not in known:
        raise UserError(
            f"model.name: {start.name!r} is a {config.model_type} model, of which transformers has none that scores "
            "(AutoModelForSequenceClassification); choose another, such as a llama, a gpt_neox or a qwen2"
        )


def build_model(run: RunConfig) -> Any:
    """The model, in the precision that it trains in; under ZeRO 3 its weights lie spread over the ranks from the start."""
    model = build_base(run)
    return with_adapters(model, run) if run.model.lora else model


def build_base(run: RunConfig, frozen: bool = False) -> Any:
    """The model without adapters. `frozen`: it will only be looked at, and is kept no more exactly than it is used."""
    import torch
    from transformers import AutoModelForCausalLM, set_seed

    config, kind = architecture_of(run.start), model_class(run)
    config.update(outputs(run))
    attention = attention_for(config, run.model.attention, run.layout.machine.gpus)
    # Adapters leave the model as it is, too.
    still = (frozen or run.model.lora is not None) and run.train.precision == "bf16"
    dtype: torch.dtype = torch.bfloat16 if still else torch.float32
    set_seed(run.train.seed)
    options: dict[str, Any] = {"attn_implementation": attention, "dtype": dtype}
    try:
        model = _made(kind, run, config, options)
        if run.objective.kind == "pairwise" and run.objective.language_weight:
            from polymath.training.language_head import put_beside

            put_beside(model, _made(AutoModelForCausalLM, run, config, options))
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"model.name: {run.start.name!r} cannot be made ready to train ({reason})") from error
    model.config.use_cache = False  # with a cache, packed documents would see each other
    if run.model.gradient_checkpointing and not frozen:
        model.activation_checkpointing_enable({"use_reentrant": False})
    return model


def _made(kind: Any, run: RunConfig, config: PretrainedConfig, options: dict[str, Any]) -> Any:
    if run.start.kind == "fresh":
        return kind.from_config(config, **options)
    return kind.from_pretrained(run.start.place, config=config, revision=run.start.revision, **options)


def with_adapters(model: PreTrainedModel, run: RunConfig) -> Any:
    """The model with low-rank adapters beside its linear modules, which alone learn."""
    from peft import get_peft_model

    try:
        adapted = get_peft_model(model, adapters(run))
    except ValueError as error:
        raise UserError(f"model.lora.targets: {str(error).splitlines()[0]}") from error
    if run.model.gradient_checkpointing:
        model.enable_input_require_grads()  # else nothing under the first checkpoint would learn
    if run.layout.deepspeed is None:  # which keeps exact copies of its own
        for each in adapted.parameters():
            if each.requires_grad:
                each.data = each.data.float()  # PEFT does so for adapters; a score would lose small steps
    return adapted


def adapters(run: RunConfig) -> Any:
    """PEFT's configuration of the run's adapters."""
    from peft import LoraConfig

    lora, scores = run.model.lora, run.objective.kind == "pairwise"
    assert lora is not None
    return LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # any number serves
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) or "all-linear",
        # The score, which is new, learns whole beside the adapters (PEFT saves it with them).
        task_type="SEQ_CLS" if scores else "CAUSAL_LM",
        exclude_modules=[SCORE, *HEADS] if scores else None,
    )


def count_parameters(model: Any) -> tuple[int, int]:
    """Parameters in all, and those that learn; whole numbers under ZeRO 3 too, where each rank holds a part."""
    sizes = [(getattr(each, "ds_numel", each.numel()), each.requires_grad) for each in model.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, learns in sizes if learns)
