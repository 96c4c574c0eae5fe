"""The head that foretells tokens, kept beside the one that scores, for a run that learns both at once.

It has the name that the causal model gives it, so what such a run leaves loads as either: as a model that scores the head
is passed over, and as a causal model the score is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from polymath.training.build import HEADS

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def put_beside(model: PreTrainedModel, causal: PreTrainedModel) -> None:
    """Give a model that scores the head of the causal model that it was made of, tied to its embeddings where it was there."""
    head: Any = causal.get_output_embeddings()
    name = next(name for name, module in causal.named_modules() if module is head)
    if causal.config.tie_word_embeddings:
        embeddings = model.get_input_embeddings()
        head.weight = embeddings.weight
        source = next(name for name, module in model.named_modules() if module is embeddings)
        model._tied_weights_keys = {f"{name}.weight": f"{source}.weight"}  # saved once
    setattr(model, name, head)


class LanguageHead:
    """Runs the head on chosen places while the model scores, within the same pass: DeepSpeed gathers the weights for it."""

    def __init__(self, model: PreTrainedModel) -> None:
        """Hooks into the body of `model`; without `at`, only the score is computed."""
        self._places: torch.Tensor | None = None
        self._head = next(getattr(model, name) for name in HEADS if hasattr(model, name))
        self.logits: torch.Tensor | None = None
        """float[places, vocabulary], of the last pass."""
        body: Any = getattr(model, model.base_model_prefix)
        body.register_forward_hook(self._speak)

    @contextlib.contextmanager
    def at(self, places: torch.Tensor) -> Iterator[None]:
        """Within it, a pass leaves `logits`. `places`: int64, in the flattened rows."""
        self._places = places
        try:
            yield
        finally:
            self._places = self.logits = None

    def _speak(self, _: Any, __: Any, left: Any) -> None:
        if self._places is not None:
            self.logits = self._head(left.last_hidden_state.flatten(0, 1)[self._places])
