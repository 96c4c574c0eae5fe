"""What the page of a training run shows, from the runs of its chain: figures, tables, settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from polymath.planning.memory import GIB
from polymath.reporting.card.words import plural
from polymath.reporting.training.curves import COLOURS, History
from polymath.training.config import RunConfig
from polymath.training.losses import perplexity
from polymath.training.trained import Trained
from polymath.training.words import model_flops_share, told_batch


@dataclass(frozen=True)
class Whole:
    """A chain of runs in figures."""

    steps: int
    tokens: int
    speed: float
    """Tokens a second over the steps."""
    mfu: float | None
    """Share of the GPUs' peak."""
    memory: float
    """The most that the first rank held, GiB."""
    first: dict[str, float]
    """Validation losses before the first step."""
    last: dict[str, float]

    @classmethod
    def of(cls, chain: Sequence[Trained]) -> Whole:
        """Of the runs together."""
        results = [trained.result for trained in chain]
        steps = [line for trained in chain for line in trained.log() if "loss" in line]
        pace = {name: sum(line[name] for line in steps) for name in ("tokens", "seconds")}
        return cls(
            steps=sum(result["step"] for result in results),
            tokens=sum(result["tokens"] for result in results),
            speed=pace["tokens"] / pace["seconds"] if pace["seconds"] else 0.0,
            mfu=model_flops_share(pace, chain[-1].job.run),
            memory=max(result["memory_mb"] for result in results) / 1024,
            first=results[0]["first"],
            last=results[-1]["validation"],
        )


@dataclass(frozen=True)
class Learnt:
    """What a run learnt of a task or a source."""

    name: str
    colour: int
    before: float | None
    after: float

    @property
    def perplexity(self) -> float:
        """After the run."""
        return perplexity(self.after)


def learnt(chain: Sequence[Trained]) -> list[list[Learnt]]:
    """Of each run, a row for each task or source that it was validated on."""
    names = sorted({name for trained in chain for name in trained.result["validation"]} - {"all"})
    colours = {name: number if number <= COLOURS else 0 for number, name in enumerate(names, 1)}
    found = []
    for trained in chain:
        first, last = trained.result["first"], trained.result["validation"]
        found.append([Learnt(name, colours[name], first.get(name), last[name]) for name in names if name in last])
    return found


@dataclass(frozen=True)
class Score:
    """A benchmark between epochs: what the checkpoints of a run scored, by step."""

    name: str
    metric: str
    items: int
    steps: list[tuple[int, float, float, float]]
    """Step, score, and the bounds of its interval."""


def scores(chain: Sequence[Trained]) -> list[Score]:
    """Of the runs, their steps counted through; empty where none was scored while it went on."""
    history = History([trained.log() for trained in chain])
    runs = zip(history.logs, history.begins, strict=True)
    by_step = {line["step"] + begin: line["scores"] for log, begin in runs for line in log if line.get("scores")}
    names = dict.fromkeys(name for scored in by_step.values() for name in scored)
    return [_score(name, {step: scored.get(name) for step, scored in by_step.items()}) for name in names]


def _score(name: str, by_step: dict[int, dict[str, Any] | None]) -> Score:
    found = {step: each for step, each in by_step.items() if each is not None}
    last = found[max(found)]
    steps = [(step, each["score"], each["low"], each["high"]) for step, each in found.items()]
    return Score(name, last["metric"], last["items"], steps)


def shares(runs: Sequence[RunConfig]) -> list[tuple[str, list[float]]]:
    """Each task with its share of the tokens in each run."""
    names = dict.fromkeys(task for run in runs for task in run.mix.composition)
    return [(name, [run.mix.composition.get(name, 0.0) for run in runs]) for name in names]


def licences(runs: Sequence[RunConfig]) -> dict[str, str]:
    """Of all sources that the runs draw on."""
    found = {name: licence for run in runs for name, licence in run.mix.licences.items()}
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Setting:
    """A row of the settings: what it is, and what it was in each run; one value where it was the same in all."""

    name: str
    values: list[str]
    code: bool = False


def settings(chain: Sequence[Trained], whole: Whole, rank_bytes: float) -> list[Setting]:
    """How the runs were carried out."""
    runs = [trained.job.run for trained in chain]
    packed = {trained.job.run.key: trained.result["packed"] for trained in chain}
    rows: dict[str, Callable[[RunConfig], str]] = {
        "Track": _track,
        "Ranks": _ranks,
        "Batch": _batch,
        "Memory of a rank": lambda run: _memory(run, whole, rank_bytes),
        "Learning rate": _rate,
        "Precision": lambda run: run.train.precision,
        "Documents": lambda run: "packed, none sees another" if packed[run.key] else "one a row",
        "Seed": lambda run: str(run.train.seed),
    }
    found = [Setting(name, _once([tell(run) for run in runs])) for name, tell in rows.items()]
    digests = [Setting(name, _once([run.mix.digests[name] for run in runs]), code=True) for name in runs[-1].mix.digests]
    return found + digests


def _once(values: list[str]) -> list[str]:
    return values[:1] if len(set(values)) == 1 else values


def _track(run: RunConfig) -> str:
    return f"{run.train.track}, batches {run.begins + 1:,} to {run.begins + run.steps:,}"


def _ranks(run: RunConfig) -> str:
    layout = run.layout
    offload = f", offload {layout.offload}" if layout.offload != "none" else ""
    zero = f", ZeRO {layout.zero}{offload}" if layout.zero else ""
    return f"{layout.machine.ranks} × {layout.machine.kind}{zero}"


def _batch(run: RunConfig) -> str:
    layout, ranks = run.layout, plural(run.layout.machine.ranks, "rank")
    return f"{told_batch(run)} = {layout.micro_batch} at once × {layout.accumulation} × {ranks}"


def _memory(run: RunConfig, whole: Whole, rank_bytes: float) -> str:
    held = f"{whole.memory:.1f} GiB at most" + ("" if run.layout.machine.gpus else ", the process and its libraries included")
    return f"{held}; the model, its gradients, Adam's states and activations were reckoned at {rank_bytes / GIB:.1f}"


def _rate(run: RunConfig) -> str:
    optimizer = run.train.optimizer
    return f"{run.learning_rate:g}, {optimizer.schedule}, warm-up over {optimizer.warmup_share:.0%} of the steps"


def facts_of(chain: Sequence[Trained], rank_bytes: float) -> dict[str, Any]:
    """Everything that the template shows, but for the drawings and what needs a look."""
    runs = [trained.job.run for trained in chain]
    whole = Whole.of(chain)
    return {
        "run": runs[-1],
        "runs": runs,
        "result": chain[-1].result,
        "results": [trained.result for trained in chain],
        "tracks": list(dict.fromkeys(run.train.track for run in runs)),
        "whole": whole,
        "learnt": learnt(chain),
        "scores": scores(chain),
        "shares": shares(runs),
        "licences": licences(runs),
        "settings": settings(chain, whole, rank_bytes),
        "language": runs[-1].objective.kind == "next_token",
        "by": runs[-1].train.validation.by if runs[-1].objective.TRACK == "packed" else "source",
        "perplexity": perplexity(whole.last["all"]) if whole.last else None,
    }
