"""Replies in figures: what they earned, how long they are, how much they differ; of the model before and after."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Any

from polymath.evaluation.intervals import Comparison, compare_scores
from polymath.pipelines.align.sample import ALIGNED, HELD_OUT, START
from polymath.scoring.diversity import distinct_n, self_bleu
from polymath.scoring.units import units

Row = dict[str, Any]


@dataclass(frozen=True)
class Spoken:
    """The replies of one model, several to each prompt."""

    model: str
    role: str
    step: int
    rows: Sequence[Row]

    @cached_property
    def by_prompt(self) -> dict[str, list[Row]]:
        """The replies to each prompt, in the order of their copies."""
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row["id"]].append(row)
        return dict(found)

    @property
    def replies(self) -> int:
        """To each prompt."""
        return max((len(rows) for rows in self.by_prompt.values()), default=0)

    @cached_property
    def texts(self) -> list[str]:
        """All replies."""
        return [row["reply"] for row in self.rows]

    @cached_property
    def rewards(self) -> dict[str, list[float]]:
        """What the replies to each prompt earned; prompts without are left out."""
        every = {name: [row["reward"] for row in rows if row["reward"] is not None] for name, rows in self.by_prompt.items()}
        return {name: earned for name, earned in every.items() if earned}

    @property
    def reward(self) -> float:
        """Mean over the prompts; NaN where no reward says anything."""
        return _mean([fmean(earned) for earned in self.rewards.values()])

    @property
    def kinds(self) -> dict[str, float]:
        """Mean of each reward over the replies that it says something of."""
        found: dict[str, list[float]] = defaultdict(list)
        for row in self.rows:
            for each in row["rewards"]:
                found[each["name"]].append(each["value"])
        return {name: fmean(values) for name, values in found.items()}

    @property
    def tokens(self) -> float:
        """Of a reply."""
        return _mean([row["tokens"] for row in self.rows])

    @property
    def ended(self) -> float:
        """Share of the replies that ended by themselves."""
        return _mean([float(row["ended"]) for row in self.rows])

    @cached_property
    def alike(self) -> dict[str, float]:
        """self-BLEU of the replies to each prompt."""
        return {name: fmean(self_bleu([row["reply"] for row in rows])) for name, rows in self.by_prompt.items()}

    @property
    def self_bleu(self) -> float:
        """Mean over the prompts."""
        return _mean(list(self.alike.values()))

    def distinct(self, n: int) -> float:
        """Different n-grams over all, of all replies."""
        return distinct_n(self.texts, n)

    @cached_property
    def entropy(self) -> float:
        """Of the words that all replies are made of, bits a word."""
        counts = Counter(unit for text in self.texts for unit in units(text))
        total = counts.total()
        return -sum(count / total * math.log2(count / total) for count in counts.values()) if total else 0.0


@dataclass(frozen=True)
class Before:
    """The model that was aligned, beside what it was before."""

    start: Spoken
    aligned: Spoken

    @property
    def rewarded(self) -> bool:
        """Whether any reward says anything of replies of both."""
        return bool(self.start.rewards) and bool(self.aligned.rewards)

    def against(self, choose: Callable[[Sequence[float]], float]) -> Comparison:
        """The aligned model's mean reward against what `choose` makes of the starting model's, prompt by prompt."""
        both = sorted(set(self.start.rewards) & set(self.aligned.rewards))
        first = [choose(self.start.rewards[name]) for name in both]
        return compare_scores(first, [fmean(self.aligned.rewards[name]) for name in both])

    @cached_property
    def alike(self) -> Comparison:
        """self-BLEU of the aligned model's replies against that of the starting model's, prompt by prompt."""
        both = sorted(set(self.start.alike) & set(self.aligned.alike))
        return compare_scores([self.start.alike[name] for name in both], [self.aligned.alike[name] for name in both])


def spoken_of(rows: Sequence[Row]) -> list[Spoken]:
    """The models by their steps, with their replies to held-out prompts."""
    found: dict[tuple[int, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["prompts"] == HELD_OUT:
            found[row["step"], row["role"], row["model"]].append(row)
    return [Spoken(model, role, step, mine) for (step, role, model), mine in sorted(found.items(), key=lambda each: each[0][0])]


def before_of(models: Sequence[Spoken]) -> Before | None:
    """None where either of the two said nothing."""
    by_role = {each.role: each for each in models}
    return Before(by_role[START], by_role[ALIGNED]) if START in by_role and ALIGNED in by_role else None


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else math.nan
