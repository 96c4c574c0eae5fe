"""What a person should look at before trusting a trained model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polymath.reporting.card.words import listed
from polymath.training.config import RunConfig
from polymath.training.trained import KEY_LENGTH, Trained

SPIKES = 3
"""Losses that stood out which are told one by one."""


def notices_of(chain: Sequence[Trained]) -> list[str]:
    """Of the runs of a chain, each under its name where there are several."""
    found = [(trained.job.run, notice) for trained in chain for notice in notices(trained.job.run, trained.result)]
    told = [f"{run.name}: {notice}" if len(chain) > 1 else notice for run, notice in found]
    unstated = {name: None for run in (trained.job.run for trained in chain) for name in unstated_licences(run)}
    return [*told, *([f"The licence of {', '.join(unstated)} is not stated."] if unstated else [])]


def notices(run: RunConfig, result: dict[str, Any]) -> list[str]:
    """Of one run."""
    found = []
    first, last = result["first"], result["validation"]
    worse = [name for name, loss in last.items() if name in first and loss > first[name]]
    if worse:
        found.append(f"The validation loss of {', '.join(worse)} is higher than before the first step.")
    if result["step"] < result["steps"]:
        found.append(f"Training stopped at step {result['step']:,} of {result['steps']:,}: validation was no better for long.")
    if not result["packed"] and run.objective.TRACK == "packed":
        found.append("Its architecture lets packed documents see each other, so it was trained on one document a row.")
    return found + spikes_of(result)


def spikes_of(result: dict[str, Any]) -> list[str]:
    """The highest of the losses that stood out."""
    highest = sorted(result["spikes"], key=lambda spike: -spike["deviations"])[:SPIKES]
    told = [
        f"The loss of step {spike['step']:,} stood out: {spike['loss']:.3f}, where {spike['usual']:.3f} was usual. Look at the "
        f"examples of its batch: {listed(spike['examples'])} (kedro trace --run {result['key'][:KEY_LENGTH]} "
        f"--step {spike['step']})."
        for spike in highest
    ]
    more = len(result["spikes"]) - len(highest)
    return [*told, *([f"{more:,} more of its losses stood out (result.json)."] if more else [])]


def unstated_licences(run: RunConfig) -> list[str]:
    """Sources of the run whose licence nobody stated."""
    return [name for name, licence in run.mix.licences.items() if licence == "not stated"]
