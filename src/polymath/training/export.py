"""The model that a run leaves: safetensors with tokenizer, generation settings and a card, in a folder that loads anywhere."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from polymath.store.folder import ShardFolder
from polymath.training.build import model_class, outputs
from polymath.training.checkpoints import CHECKPOINTS, LOG, PREFIX, Log, checkpoint_steps, sync
from polymath.training.config import Job, RunConfig
from polymath.training.losses import perplexity
from polymath.training.model_card import model_card
from polymath.training.start import RESULT
from polymath.training.tokenizer import load_tokenizer, tokenizer_row
from polymath.training.tracks import Track

MODEL = "model"
ADAPTER = "adapter"
WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "config.json", "adapter_config.json")


def chosen_step(job: Job) -> int:
    """The checkpoint that is exported: the best by validation where training may stop early, else the last."""
    folder = job.folder / CHECKPOINTS
    steps = checkpoint_steps(folder)
    losses = Log(job.folder / LOG).losses()
    known = [step for step in steps if step in losses]
    if job.run.train.validation.patience is not None and known:
        return min(known, key=lambda step: losses[step])
    return steps[-1]


def export_model(job: Job, packed: bool) -> Path:
    """Write `model/` (and `adapter/`): aside first, so that a folder of this name is whole."""
    run, step = job.run, chosen_step(job)
    source = job.folder / CHECKPOINTS / f"{PREFIX}{step}"
    staged = job.folder / f".{MODEL}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    if run.model.lora:
        _place(job.folder / ADAPTER, source)
        merge_adapter(run, job.folder / ADAPTER, staged)
    else:
        _link_weights(source, staged)
    tokenizer = load_tokenizer(tokenizer_row(ShardFolder.open(job.data.tokenizer)), run.form)
    tokenizer.save_pretrained(staged)
    _write_json(staged / "config.json", _settled(json.loads((staged / "config.json").read_text("utf-8")), tokenizer))
    _write_json(staged / "generation_config.json", _generation(tokenizer))
    (staged / "README.md").write_text(model_card(run, Log(job.folder / LOG).read(), step, packed), "utf-8")
    for path in staged.iterdir():
        sync(path)
    final = job.folder / MODEL
    shutil.rmtree(final, ignore_errors=True)
    staged.rename(final)
    return final


def write_result(job: Job, packed: bool, counted: tuple[int, int], track: Track) -> None:
    """`result.json`, the last file of a run: its existence means that the model is whole."""
    lines = Log(job.folder / LOG).read()
    validations = {line["step"]: line["validation"] for line in lines if "validation" in line}
    step = chosen_step(job)
    last = validations.get(step, {})
    chosen = [line for line in lines if "validation" in line and line["step"] == step]
    measured: dict[str, float] = next((line.get("measured", {}) for line in chosen), {})
    language = job.run.objective.kind == "next_token"
    result = {
        "key": job.run.key,
        "step": step,
        "steps": job.run.steps,
        "packed": packed,
        "parameters": counted[0],
        "learning": counted[1],
        "tokens": sum(line.get("tokens", 0) for line in lines),
        "seconds": round(sum(line.get("seconds", 0) for line in lines), 3),
        "memory_mb": max((line.get("memory_mb", 0) for line in lines), default=0),
        "first": validations.get(0, {}),
        "validation": last,
        "measured": measured,
        "perplexity": {name: round(perplexity(loss), 4) for name, loss in last.items()} if language else {},
        "spikes": [_spike(line, track) for line in lines if "spike" in line],
        "scores": next((line["scores"] for line in lines if "scores" in line and line["step"] == step), {}),
    }
    path = job.folder / RESULT
    temporary = path.with_name(f".{RESULT}.tmp")
    _write_json(temporary, result)
    sync(temporary)
    temporary.replace(path)


def _spike(line: dict[str, Any], track: Track) -> dict[str, Any]:
    """A loss that stood out, with all examples of its batch."""
    step, batch = line["step"], track.batch
    names = dict.fromkeys(name for each in track.order[(step - 1) * batch : step * batch] for name in track.examples(int(each)))
    return {"step": step, "loss": line["loss"], **line["spike"], "examples": list(names)}


def merge_adapter(run: RunConfig, adapter: Path, into: Path) -> None:
    """The base model with the adapters' changes in its own weights."""
    import torch
    from peft import PeftModel
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config

    unset_hf_deepspeed_config()  # else the base would be spread over ranks that are about to leave
    dtype = torch.bfloat16 if run.train.precision == "bf16" else torch.float32
    base = model_class(run).from_pretrained(run.start.place, revision=run.start.revision, dtype=dtype, **outputs(run))
    merged: Any = PeftModel.from_pretrained(base, str(adapter)).merge_and_unload()
    merged.save_pretrained(into)


def _link_weights(source: Path, into: Path) -> None:
    """Second names for the checkpoint's files: the weights lie on the disk once."""
    for pattern in WEIGHTS:
        for path in source.glob(pattern):
            try:
                os.link(path, into / path.name)
            except OSError:  # a file system without hard links
                shutil.copy2(path, into / path.name)
    config = into / "config.json"
    text = config.read_text("utf-8")
    config.unlink()  # it will be changed, and the checkpoint's own must not
    config.write_text(text, "utf-8")


def _place(folder: Path, source: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in (*source.glob("adapter_*"),):
        shutil.copy2(path, folder / path.name)


def _settled(config: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """The configuration for use: with a cache, and with the tokenizer's special tokens."""
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return {**config, **ids, "bos_token_id": tokenizer.bos_token_id, "use_cache": True}


def _generation(tokenizer: Any) -> dict[str, Any]:
    ids = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    return {**ids, "bos_token_id": tokenizer.bos_token_id, "do_sample": True, "temperature": 0.7, "top_p": 0.95}


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2), "utf-8")
