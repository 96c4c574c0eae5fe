"""From dials, a mix and a machine to a run that is ready to launch: everything is found out, and checked, before any work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from polymath.errors import UserError
from polymath.form import FormConfig
from polymath.planning.memory import Need
from polymath.planning.shapes import Shapes
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.training.config import Machine, Mixed, ModelConfig, RunConfig, StageConfig, Start
from polymath.training.layout import lay_out
from polymath.training.objectives import NextToken, Objective
from polymath.training.start import find_start
from polymath.training.tokenizer import tokenizer_row
from polymath.training.tracks import IGNORED, Track

VERSION = 2
TUNING_RATE, ADAPTER_RATE = 2e-5, 2e-4
"""Learning rates of models that have learnt already: as in LLaMA 2's own tuning (2307.09288), and as LoRA's authors advise."""
LEAST_VALIDATIONS = 4
Scores = int | Literal["validation"] | None
"""Benchmarks are scored every so many steps, with each validation, or never."""


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
    scores: Scores = None,
) -> tuple[RunConfig, Need]:
    """The run, and what each rank will need of memory.

    `before`: the run whose model it goes on from, in a chain of runs. `scores`: when its checkpoints are scored.
    """
    train, model, mix = config.train, config.model, givens.mix
    objective = objective or NextToken()
    track = Track(mix.tokens, mix.sequences, mix.schedule, train.track)
    _check_track(track, objective)
    start = after(before) if before else find_start(model, givens.shapes, tokenizer_row(mix.tokenizer), track.sequence_tokens)
    steps = min(train.steps or track.steps, track.steps)
    layout, need = lay_out(start, model, train, config.hardware, givens.machine, track.batch, track.sequence_tokens)
    every = train.validation.every_steps or _pace(track, steps)
    composition, sources = _composition(track, steps)
    decides = {"objective": objective, "model": model, "train": train, "start": start, "form": givens.form}
    told = {name: value.model_dump(mode="json") for name, value in decides.items()}
    run = RunConfig(
        stage=stage,
        name=f"{start.name.rstrip('/').rpartition('/')[2]}-{train.track}",
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
        steps=steps,
        learning_rate=train.optimizer.learning_rate or _rate(model, givens.shapes),
        validate_every=every,
        save_every=train.checkpoints.every_steps or every,
        score_every=every if scores == "validation" else scores,
        key=digest_json([VERSION, stage, told, steps, mix.digests]),
    )
    return run, need


def after(before: RunConfig) -> Start:
    """The model that another run will leave."""
    return Start(kind="before", name=before.start.name, made_by=before.key, anatomy=before.start.anatomy)


def _check_track(track: Track, objective: Objective) -> None:
    """That the track is of the kind that the objective learns from, with something to learn in the first batch."""
    if track.holds_pairs != (objective.TRACK == "pairs"):
        found, wanted = ("pairs", "no pairs") if track.holds_pairs else ("no pairs", "pairs")
        raise UserError(f"train.track: {track.name!r} holds {found}, and this stage learns from {wanted}; name another track")
    if objective.TRACK == "packed" and all(
        (track.row(int(sequence)).labels == IGNORED).all() for sequence in track.order[: track.batch]
    ):
        raise UserError(f"train.track: no token of the first batch of {track.name!r} is trained on; name another track")


def _rate(model: ModelConfig, shapes: Shapes) -> float:
    if model.name in shapes.root:
        return shapes.root[model.name].learning_rate
    return ADAPTER_RATE if model.lora else TUNING_RATE


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
