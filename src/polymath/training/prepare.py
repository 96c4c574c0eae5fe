"""From dials, a mix and a machine to a run that is ready to launch: everything is found out, and checked, before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from polymath.config import Config
from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.planning.memory import Need
from polymath.planning.shapes import Shapes
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.training.build import check_scorable
from polymath.training.config import Machine, Mixed, ModelConfig, RunConfig, StageConfig, Start, TrainConfig
from polymath.training.layout import lay_out
from polymath.training.objectives import Direct, Grouped, NextToken, Objective, Pairwise
from polymath.training.start import began_as, find_start
from polymath.training.tokenizer import tokenizer_row
from polymath.training.tracks import Track
from polymath.training.workload import check_track, workload

VERSION = 3
RATES = {"next_token": 2e-5, "pairwise": 1e-5, "dpo": 1e-6, "grpo": 1e-6}
"""Learning rates of models from elsewhere, by what they learn: LLaMA 2's own tuning and reward models (2307.09288), TRL's."""
SHARES = {"next_token": 1 / 3, "pairwise": 1 / 3, "dpo": 1 / 30, "grpo": 1 / 30}
"""Of a shape's own rate, for a model that runs of ours made from it: they have seen little, and still learn fast. Ours."""
ADAPTERS = 10
"""Times the rate: adapters take more (LoRA's authors have 2e-4 where whole models have 2e-5)."""
LEAST_VALIDATIONS = 4


class Scores(Config):
    """That benchmarks are scored while training goes on."""

    every: int | None
    """After so many steps; none given: with each validation."""
    label: str
    """Of the exams."""


@dataclass(frozen=True)
class Mix:
    """The datasets of curate that training reads."""

    tokens: ShardFolder
    sequences: ShardFolder
    schedule: ShardFolder
    tokenizer: ShardFolder

    @property
    def digests(self) -> dict[str, str]:
        """By name."""
        return {name: folder.digest for name, folder in vars(self).items()}


@dataclass(frozen=True)
class Givens:
    """What stands before any stage: the data, and where it trains."""

    mix: Mix
    shapes: Shapes
    form: FormConfig
    licences: Mapping[str, str]
    """Of each source."""
    machine: Machine


def prepare_run(
    stage: str,
    config: StageConfig,
    givens: Givens,
    objective: Objective | None = None,
    before: RunConfig | None = None,
    scores: Scores | None = None,
    name: str = "",
) -> tuple[RunConfig, Need]:
    """The run, and what each rank will need of memory.

    `before`: the run whose model it goes on from, in a chain of runs. `scores`: when its checkpoints are scored. `name`: what
    people call it, in place of its track.
    """
    train, model, mix = config.train, config.model, givens.mix
    objective = objective or NextToken()
    taken = _taken(before)
    track = Track(mix.tokens, mix.sequences, mix.schedule, train.track, taken.get(train.track, 0))
    check_track(track, objective)
    steps = _steps(track, train)
    work = workload(objective, track, steps)
    start = after(before) if before else find_start(model, givens.shapes, tokenizer_row(mix.tokenizer), work.context)
    if start.kind != "before" and isinstance(objective, Pairwise):
        check_scorable(start)
    if start.kind == "fresh" and isinstance(objective, Direct | Grouped):
        raise UserError(f"model.name: {model.name!r} is a fresh model; only one that has learnt to answer can be aligned")
    layout, need = lay_out(start, model, train, config.hardware, givens.machine, work.batch, work.tokens, work.beside)
    every = train.validation.every_steps or _pace(track, steps)
    composition, sources = _composition(track, steps)
    rate = train.optimizer.learning_rate or _rate(model, givens.shapes, objective)
    decides = {"objective": objective, "model": model, "train": train, "start": start, "form": givens.form}
    told = {name: value.model_dump(mode="json") for name, value in decides.items()}
    run = RunConfig(
        stage=stage,
        name=f"{start.name.rstrip('/').rpartition('/')[2]}-{name or train.track}",
        objective=objective,
        start=start,
        model=model,
        train=train,
        mix=Mixed(
            digests=mix.digests,
            composition=composition,
            licences={name: givens.licences.get(name, "not stated") for name in sources},
        ),
        form=givens.form,
        layout=layout,
        taken=taken,
        steps=steps,
        learning_rate=rate,
        validate_every=every,
        save_every=train.checkpoints.every_steps or every,
        score_every=(scores.every or every) if scores else None,
        score_label=scores.label if scores else "",
        key=digest_json([VERSION, stage, told, steps, rate, mix.digests]),
    )
    return run, need


def after(before: RunConfig) -> Start:
    """The model that another run will leave."""
    return Start(kind="before", name=before.start.name, made_by=before.key, anatomy=before.start.anatomy)


def _taken(before: RunConfig | None) -> dict[str, int]:
    """Batches of each track that the runs up to this one take."""
    return {**before.taken, before.train.track: before.begins + before.steps} if before else {}


def _steps(track: Track, train: TrainConfig) -> int:
    """Those that the dials ask for, or as many as the track has."""
    steps = min(train.steps or track.steps, track.steps)
    if train.tokens is None:
        return steps
    seen = track.sizes[track.order].reshape(-1, track.batch).sum(1).cumsum()
    return min(steps, int(np.searchsorted(seen, train.tokens)) + 1)


def _rate(model: ModelConfig, shapes: Shapes, objective: Objective) -> float:
    """A shape's own; a share of it for a model that began as one here; else what is usual for the objective."""
    if model.name in shapes.root:
        return shapes.root[model.name].learning_rate
    origin = began_as(model.name)
    if origin in shapes.root:
        return shapes.root[origin].learning_rate * SHARES[objective.kind]
    return RATES[objective.kind] * (ADAPTERS if model.lora else 1)


def _pace(track: Track, steps: int) -> int:
    """A validation after each pass over the data, at least four in all."""
    each = min(track.steps / track.passes, steps / LEAST_VALIDATIONS)
    return max(round(each), 1)


def _composition(track: Track, steps: int) -> tuple[dict[str, float], list[str]]:
    """Share of the drawn tokens by task, the largest first; and the sources that they come from."""
    drawn = track.order[: steps * track.batch]
    sequences, times = np.unique(drawn, return_counts=True)
    tokens: Counter[str] = Counter()
    for task, size, count in zip(track.tasks[sequences], track.sizes[sequences], times, strict=True):
        tokens[task] += int(size) * int(count)
    shares = {task: round(count / tokens.total(), 6) for task, count in tokens.most_common()}
    return shares, track.sources(sequences)
