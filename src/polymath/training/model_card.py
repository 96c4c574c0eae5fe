"""The README of an exported model: what it was made of, how, and what came of it."""

from __future__ import annotations

import math
from typing import Any

from polymath.training.config import RunConfig
from polymath.training.losses import perplexity


def model_card(run: RunConfig, log: list[dict[str, Any]], step: int, packed: bool) -> str:
    """Markdown with the front matter that model hubs read."""
    validations = [line for line in log if "validation" in line]
    chosen = next((line for line in reversed(validations) if line["step"] == step), None)
    first = validations[0] if validations else None
    seen = sum(line.get("tokens", 0) for line in log if line["step"] <= step)
    digests = ", ".join(f"{name} `{digest[:12]}`" for name, digest in run.mix.digests.items())
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: text-generation",
        *([f"base_model: {run.start.place}"] if run.start.kind == "hub" else []),
        "---",
        f"# {run.name}",
        "",
        _origin(run),
        "",
        f"Trained for {step:,} steps ({seen:,} tokens) on track `{run.train.track}`"
        f"{'' if packed else ', one document a row: packed, its architecture lets documents see each other'}.",
        "",
        "## Data",
        "",
        f"Digests: {digests}.",
        "",
        "| task | share of tokens |",
        "| --- | ---: |",
        *(f"| {task} | {share:.1%} |" for task, share in run.mix.composition.items()),
        "",
        "| source | licence |",
        "| --- | --- |",
        *(f"| {source} | {licence} |" for source, licence in run.mix.licences.items()),
        "",
        "## Validation",
        "",
        *_scores(first, chosen),
        "",
        "## Training",
        "",
        f"Learning rate {run.learning_rate:g} ({run.train.optimizer.schedule}), {run.train.precision}, seed {run.train.seed}, "
        f"global batches of {run.layout.batch} sequences. "
        f"Run key `{run.key[:12]}`.",
        "",
    ]
    return "\n".join(lines)


def _origin(run: RunConfig) -> str:
    if run.start.kind == "fresh":
        return f"A fresh model of {run.start.anatomy.parameters:,} parameters in the shape `{run.start.name}`."
    how = "with low-rank adapters, merged" if run.model.lora else "whole"
    return f"`{run.start.place}` ({run.start.anatomy.parameters:,} parameters), fine-tuned {how}."


def _scores(first: dict[str, Any] | None, chosen: dict[str, Any] | None) -> list[str]:
    if first is None or chosen is None:
        return ["Not measured at this step."]
    rows = [
        f"| {task} | {first['validation'].get(task, math.nan):.3f} | {loss:.3f} | {perplexity(loss):,.1f} |"
        for task, loss in chosen["validation"].items()
    ]
    return ["| task | loss before | loss | perplexity |", "| --- | ---: | ---: | ---: |", *rows]
