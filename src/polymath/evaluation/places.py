"""Where a model lies, and its loading: a folder in transformers' format or a hub id."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polymath.errors import UserError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

MODEL_FILES = ("config.json", "adapter_config.json")
ONE_THREAD = 30_000_000
"""Parameters below which a CPU thread alone is fastest: an operator is done before another thread has begun, and on a machine
that does other work too, threads wait for one another twenty times as long as they work."""
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")


def load_model(place: str, revision: str | None, device: str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Model and tokenizer of a folder or a hub id; `auto` takes the first GPU where there is one.

    On a CPU the weights are float32: exact, and faster there than half precision. A checkpoint or adapter of a run, which
    holds no tokenizer, takes the run's.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = model_folder(place)
    name = str(folder) if folder else place
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    model: Any = _read(place, "model", AutoModelForCausalLM, name, revision, dtype=torch.float32 if chosen == "cpu" else "auto")
    tokenizer = load_tokenizer_of(folder) if folder else _read(place, "tokenizer", AutoTokenizer, place, revision)
    settle_threads(model, chosen)
    size = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > size:
        raise UserError(
            f"{place}: its tokenizer has {len(tokenizer):,} tokens, its model only {size:,}; they belong to two models"
        )
    return model.to(chosen), tokenizer


def settle_threads(model: Any, device: str) -> None:
    """One thread where more would only wait for one another."""
    import torch

    if device == "cpu" and model.num_parameters() < ONE_THREAD:
        torch.set_num_threads(1)


def model_folder(place: str) -> Path | None:
    """The folder that `place` names; None where it can only be a hub id. A UserError where no model lies in the folder."""
    folder = Path(place).expanduser()
    if not folder.is_dir():
        if folder.exists() or place.count("/") > 1 or place.startswith((".", "/", "~")):
            raise UserError(f"{place}: there is no such folder; give the folder of a model (config.json, weights) or a hub id")
        return None
    if any((folder / name).exists() for name in MODEL_FILES):
        return folder
    inner = [path.parent for name in MODEL_FILES for path in sorted(folder.glob(f"**/{name}"))]
    hint = f"did you mean {inner[0]}?" if inner else "give the folder of a model, or a hub id"
    raise UserError(f"{place}: no model lies there (no config.json); {hint}")


def load_tokenizer_of(folder: Path) -> Any:
    """The tokenizer in a model's folder; that of the run, for a checkpoint or an adapter of a run."""
    from transformers import AutoTokenizer

    if any((folder / name).exists() for name in TOKENIZER_FILES):
        return _read(str(folder), "tokenizer", AutoTokenizer, str(folder), None)
    for run in (folder.parent, folder.parent.parent):
        if (run / "run.json").exists():
            return _tokenizer_of_run(run)
    raise UserError(f"{folder}: no tokenizer lies there (none of {', '.join(TOKENIZER_FILES)})")


def _tokenizer_of_run(run: Path) -> Any:
    """That of the run's exported model, or as it will have it; a UserError where another mix has been made since."""
    from transformers import AutoTokenizer

    from polymath.form import FormConfig
    from polymath.store.folder import ShardFolder
    from polymath.training.export import MODEL
    from polymath.training.tokenizer import load_tokenizer, tokenizer_row

    exported = run / MODEL
    if any((exported / name).exists() for name in TOKENIZER_FILES):
        return _read(str(exported), "tokenizer", AutoTokenizer, str(exported), None)
    job = json.loads((run / "run.json").read_text("utf-8"))
    made = ShardFolder.open(Path(job["data"]["tokenizer"]))
    if made.digest != job["run"]["mix"]["digests"]["tokenizer"]:
        raise UserError(
            f"{run}: its run is not finished, and the tokenizer that it was trained with is not in {made.path} any more"
        )
    return load_tokenizer(tokenizer_row(made), FormConfig.model_validate(job["run"]["form"]))


def _read(place: str, what: str, kind: Any, name: str, revision: str | None, **options: Any) -> Any:
    try:
        return kind.from_pretrained(name, revision=revision, **options)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        at = f" at the revision {revision}" if revision else ""
        raise UserError(
            f"{place}{at}: its {what} cannot be loaded, neither from a folder nor from the hub ({reason})"
        ) from error
