"""A model to talk to."""

from __future__ import annotations

from polymath.evaluation.harness import quiet
from polymath.evaluation.held import held
from polymath.evaluation.models import Model
from polymath.evaluation.talk import Speaker


def load_speaker(model: Model, device: str) -> Speaker:
    """The model at its place, loaded once for as long as no other is asked for."""

    def load() -> Speaker:
        with quiet():
            return Speaker.load(model.place, revision=model.revision, device=device)

    speaker: Speaker = held((model.digest, device), load)
    return speaker
