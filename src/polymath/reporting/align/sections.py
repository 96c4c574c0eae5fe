"""What the page of an aligned model says beside its training: rewards against best-of-n, length, variety, replies to read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from polymath.reporting.align.spoken import Before, Spoken, before_of, spoken_of
from polymath.reporting.card.words import plural
from polymath.reporting.evaluation.words import probability
from polymath.reporting.training.curves import History, draw_measured
from polymath.reporting.training.sections import Section

TEMPLATES = Path(__file__).parent / "templates"
LESS_VARIED = 0.9
"""Share of the different pairs of words below which replies are said to vary less."""
READ = 4
"""Prompts whose replies are shown."""


def align_sections(rows: Sequence[dict[str, Any]], missing: str | None = None) -> tuple[list[Section], list[str]]:
    """The sections, and what needs a look. `rows`: of schema REPLY. `missing`: why no reward says anything, if so."""
    models = spoken_of(rows)
    before = before_of(models)
    if before is None:
        return [], [
            "No replies were drawn (align.samples.prompts), so that nobody knows whether the model varies less than before."
        ]
    facts = {"models": models, "before": before, "start": before.start, "aligned": before.aligned, "isnan": math.isnan}
    n = before.start.replies
    drawn = draw_measured(History([_as_log(models)]))
    pages = [
        Section.render("rewards", "What its replies earn", TEMPLATES / "rewards.html", **facts, **_rewards(before), n=n),
        Section.render("variety", "How much its replies vary", TEMPLATES / "variety.html", **facts, drawn=drawn),
        Section.render("replies", "Replies, before and after", TEMPLATES / "replies.html", **facts, asked=_some(before)),
    ]
    return pages, [*_reward_notices(before, n, missing), *_variety_notices(before)]


def _rewards(before: Before) -> dict[str, Any]:
    """What the section on rewards compares."""
    if not before.rewarded:
        return {"plain": None, "best": None, "cost": None}
    n = before.start.replies
    return {"plain": before.against(fmean), "best": before.against(max), "cost": math.log(n) - (n - 1) / n}


def _reward_notices(before: Before, n: int, missing: str | None) -> list[str]:
    if not before.rewarded:
        return [missing or "No reward says anything of these prompts, so that the aligned model is held against nothing."]
    plain, best = before.against(fmean), before.against(max)
    found = []
    if plain.noise or plain.difference <= 0:
        found.append(
            f"Its replies earn {plain.second:.3f}, those of the model that it started from {plain.first:.3f}: over "
            f"{plural(plain.items, 'prompt')} that is {'chance' if plain.noise else 'less'} ({probability(plain.p)})."
        )
    if best.difference <= 0 or best.noise:
        found.append(
            f"It does not beat the simple baseline: the best of {n} replies of the model that it started from earns "
            f"{best.first:.3f}, one reply of the aligned model {best.second:.3f}."
        )
    return found


def _variety_notices(before: Before) -> list[str]:
    start, aligned, alike = before.start, before.aligned, before.alike
    fewer = aligned.distinct(2) < LESS_VARIED * start.distinct(2)
    more_alike = alike.difference > 0 and not alike.noise
    if not fewer and not more_alike:
        return []
    return [
        f"Its replies vary less than before: self-BLEU of a prompt's replies {start.self_bleu:.2f} to {aligned.self_bleu:.2f} "
        f"({probability(alike.p)}), different pairs of words {start.distinct(2):.2f} to {aligned.distinct(2):.2f} of all."
    ]


def _as_log(models: Sequence[Spoken]) -> list[dict[str, Any]]:
    """The models as the validations of a log, so that they are drawn as those are."""
    return [
        {
            "step": each.step,
            "validation": {},
            "measured": {name: value for name, value in _measures(each).items() if not math.isnan(value)},
        }
        for each in models
    ]


def _measures(each: Spoken) -> dict[str, float]:
    return {
        "reward": each.reward,
        "tokens of a reply": each.tokens,
        "self-BLEU of a prompt's replies": each.self_bleu,
        "distinct-1": each.distinct(1),
        "distinct-2": each.distinct(2),
        "bits a word": each.entropy,
    }


def _some(before: Before) -> list[dict[str, Any]]:
    """Prompts, evenly drawn, with the first reply of each model."""
    both = [name for name in before.start.by_prompt if name in before.aligned.by_prompt]
    chosen = both[:: max(len(both) // READ, 1)][:READ]
    return [
        {
            "id": name,
            "prompt": before.start.by_prompt[name][0]["prompt"],
            "before": before.start.by_prompt[name][0],
            "after": before.aligned.by_prompt[name][0],
        }
        for name in chosen
    ]
