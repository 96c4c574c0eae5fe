"""The README of an exported model: what it was made of, how, and what came of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from polymath.training.config import Job, RunConfig
from polymath.training.losses import perplexity
from polymath.training.words import told_batch

APART = ", one document a row: packed, its architecture lets documents see each other"


def lineage(run: RunConfig) -> list[RunConfig]:
    """The runs that made the model which this one starts from, the first one first, as their folders tell them."""
    record = Path(run.start.place).parent / "run.json"
    if run.start.kind != "folder" or not record.exists():
        return []
    before = Job.model_validate_json(record.read_text("utf-8")).run
    return [*lineage(before), before]


def model_card(run: RunConfig, log: list[dict[str, Any]], step: int, packed: bool) -> str:
    """Markdown with the front matter that model hubs read."""
    validations = [line for line in log if "validation" in line]
    chosen = next((line for line in reversed(validations) if line["step"] == step), None)
    first = validations[0] if validations else None
    seen = sum(line.get("tokens", 0) for line in log if line["step"] <= step)
    before = lineage(run)
    licences = {source: licence for each in (*before, run) for source, licence in each.mix.licences.items()}
    digests = ", ".join(f"{name} `{digest[:12]}`" for name, digest in run.mix.digests.items())
    lines = [
        "---",
        "library_name: transformers",
        f"pipeline_tag: {'text-classification' if run.objective.kind == 'pairwise' else 'text-generation'}",
        *([f"base_model: {run.start.place}"] if run.start.kind == "hub" else []),
        "---",
        f"# {run.name}",
        "",
        _origin(run, before),
        "",
        f"Trained for {step:,} steps ({seen:,} tokens) on track `{run.train.track}`"
        f"{'' if packed or run.objective.TRACK != 'packed' else APART}.",
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
        *(f"| {source} | {licence} |" for source, licence in sorted(licences.items())),
        "",
        "## Validation",
        "",
        *_scores(run, first, chosen),
        "",
        "## Training",
        "",
        f"Learning rate {run.learning_rate:g} ({run.train.optimizer.schedule}), {run.train.precision}, seed {run.train.seed}, "
        f"global batches of {told_batch(run)}. "
        f"Run key `{run.key[:12]}`.",
        "",
    ]
    return "\n".join(lines)


def _origin(run: RunConfig, before: list[RunConfig]) -> str:
    parameters = f"{run.start.anatomy.parameters:,} parameters"
    if run.start.kind == "fresh":
        return f"A fresh model of {parameters} in the shape `{run.start.name}`."
    how = "with low-rank adapters, merged" if run.model.lora else "whole"
    if not before:
        return f"`{run.start.place}` ({parameters}), fine-tuned {how}."
    runs = ", then ".join(f"{each.stage} `{each.name}` (track `{each.train.track}`, {each.steps:,} steps)" for each in before)
    return f"{parameters}, trained before by {runs}; {run.stage} goes on from there, {how}."


def _scores(run: RunConfig, first: dict[str, Any] | None, chosen: dict[str, Any] | None) -> list[str]:
    if first is None or chosen is None:
        return ["Not measured at this step."]
    if run.objective.kind != "next_token":
        losses = {"loss before": first["validation"]["all"], "loss": chosen["validation"]["all"]}
        measured = {**losses, **chosen.get("measured", {})}
        return ["| held-out | |", "| --- | ---: |", *(f"| {name} | {value:.3f} |" for name, value in measured.items())]
    rows = [
        f"| {task} | {first['validation'].get(task, math.nan):.3f} | {loss:.3f} | {perplexity(loss):,.1f} |"
        for task, loss in chosen["validation"].items()
    ]
    return ["| task | loss before | loss | perplexity |", "| --- | ---: | ---: | ---: |", *rows]
