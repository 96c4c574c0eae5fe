"""What the stages that align do alike: the model that learns beside the one that it must not stray from."""

from __future__ import annotations

from typing import Any

from polymath.training.build import adapters, build_base
from polymath.training.config import RunConfig


def learner(run: RunConfig, reference: bool) -> dict[str, Any]:
    """`model`, and `ref_model` where TRL takes one: with adapters it is the model without them, so TRL adds them itself."""
    model = build_base(run)
    if run.model.lora:
        return {"model": model, "peft_config": adapters(run)}
    return {"model": model, "ref_model": build_base(run, frozen=True)} if reference else {"model": model}
