"""What a run's record says of models: what one was trained on, and what it learnt."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from polymath.tracking.record import RunRecord
from polymath.training.checkpoints import PREFIX
from polymath.training.losses import perplexity
from polymath.training.trained import KEY_LENGTH, STAGES, Trained

OURS = re.compile(rf"(?P<run>.+) (?P<key>[0-9a-f]{{{KEY_LENGTH}}})(?: {PREFIX}(?P<step>\d+))?")
"""A model's name, as `evaluation.models` makes it."""
CURVES = ("loss", "grad_norm", "learning_rate", "memory_mb")
"""Of a step's line in the log; what MLflow draws."""


@dataclass(frozen=True)
class Identity:
    """Which model it is: one that a run of ours trained, at a step; or another, by its place."""

    name: str
    key: str = ""
    """Folder of the training run."""
    step: int = 0
    """0: the model that the run left, where its step is not known."""

    @classmethod
    def of(cls, name: str) -> Identity:
        """From what tables call it: `tiny-sft 0123456789ab`, the same with ` checkpoint-20`, or a place."""
        found = OURS.fullmatch(name)
        return cls(found["run"], found["key"], int(found["step"] or 0)) if found else cls(name)

    @property
    def tags(self) -> dict[str, str]:
        """By which it is found."""
        if not self.key:
            return {"place": self.name}
        return {"trained": self.key, **({"step": str(self.step)} if self.step else {})}


def stages_made(made: Collection[str]) -> dict[str, str]:
    """The stages of training that a run went through, each with the dataset of its model."""
    return {stage: dataset for stage, dataset in STAGES.items() if dataset in made}


def facts_of_stages(models: Mapping[str, Trained]) -> tuple[dict[str, float], dict[str, str], dict[str, dict[str, str]]]:
    """`training_facts` of a run with these stages: those of finetune or else of the last one; of several, each one's metrics
    under its name too."""
    main = "finetune" if "finetune" in models else list(models)[-1]
    metrics, tags, inputs = training_facts(models[main])
    if len(models) > 1:
        for stage, trained in models.items():
            metrics |= {f"{stage}/{name}": value for name, value in training_facts(trained)[0].items() if "/" not in name}
    return metrics, tags, inputs


def training_facts(trained: Trained) -> tuple[dict[str, float], dict[str, str], dict[str, dict[str, str]]]:
    """Metrics, tags and inputs of a training run: how far it came, how it is found, what it was trained on."""
    result, job = trained.result, trained.job
    run, last = job.run, result["validation"]
    metrics = {"trained_tokens": result["tokens"], "trained_steps": result["step"]}
    metrics["tokens_per_second"] = round(result["tokens"] / max(result["seconds"], 1e-9), 1)
    if last:
        metrics |= {"validation_loss": last["all"], **result.get("measured", {})}
        if run.objective.kind == "next_token":
            metrics["perplexity"] = round(perplexity(last["all"]), 3)
            metrics |= {f"perplexity/{name}": round(perplexity(loss), 3) for name, loss in last.items() if name != "all"}
        metrics |= {f"validation/{name}": loss for name, loss in last.items() if name != "all"}
    tags = {"trained": run.key[:KEY_LENGTH], "model": run.start.name, "track": run.train.track}
    places = job.data.model_dump(mode="json")
    inputs = {
        name: {"digest": digest, "context": "trained on", "kind": "local", "place": str(places[name])}
        for name, digest in run.mix.digests.items()
    }
    if run.start.kind != "fresh":
        place = {"path": run.start.place, "revision": run.start.revision}
        hub = {"kind": "hugging_face", "place": json.dumps({name: value for name, value in place.items() if value})}
        base = hub if run.start.kind == "hub" else {"kind": "local", "place": run.start.place}
        inputs["base_model"] = {"digest": run.start.digest or run.start.revision or "main", "context": "base", **base}
    return metrics, tags, inputs


def curated_by(records: Iterable[RunRecord], digests: Mapping[str, str]) -> RunRecord | None:
    """The run of curate that ended with these tokens in this schedule; of several that did, the first."""
    for record in records:
        ended = {name: record.inputs.get(name, {}).get("digest") for name in ("tokens", "schedule")}
        if ended == {name: digests[name] for name in ended} and "curate" in record.pipeline:
            return record
    return None


def curves(log: Iterable[Mapping[str, Any]]) -> list[tuple[str, float, int, int]]:
    """Name, value, time in ms and step of everything that a training run measured."""
    found = []
    for line in log:
        when, step = int(line["time"] * 1000), line["step"]
        named = {name: line[name] for name in CURVES if line.get(name) is not None}
        if line.get("tokens") and line.get("seconds"):
            named["tokens_per_second"] = line["tokens"] / line["seconds"]
        named |= line.get("measured", {})
        named |= {f"benchmark/{name}": each["score"] for name, each in line.get("scores", {}).items()}
        for task, loss in line.get("validation", {}).items():
            named["validation_loss" if task == "all" else f"validation/{task}"] = loss
        found += [(name, value, when, step) for name, value in named.items() if math.isfinite(value)]
    return found
