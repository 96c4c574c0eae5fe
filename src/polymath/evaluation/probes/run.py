"""Asking the probes: conversations turn by turn, all items of a probe in the same batches; then the scorers."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from statistics import fmean
from typing import Any

from polymath.evaluation.intervals import Interval, wilson
from polymath.evaluation.probes.probe import Item, Probe, Probes
from polymath.evaluation.probes.scorers import Reply, Verdict, scorers
from polymath.evaluation.talk import Answer, Message, Sampling, Speaker

logger = logging.getLogger(__name__)


@dataclass
class Dialogue:
    """One sample of one wording of an item: the turns so far."""

    item: int
    """Within the probe."""
    wording: int
    sample: int
    language: str
    """In which replies should be."""
    about: Item
    turns: list[tuple[str, Answer]] = field(default_factory=list)
    """Prompts and answers."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """Of the last reply, by scorer."""

    @property
    def prompts(self) -> tuple[str, ...]:
        """What the user says, turn by turn."""
        return (*self.about.before, self.about.ask[self.wording])

    @property
    def verdict(self) -> Verdict:
        """The least score that a scorer gives, and the reasons of all that gave less than 1."""
        reasons = [f"{name}: {each.why}" for name, each in self.verdicts.items() if each.score < 1]
        return Verdict(min((each.score for each in self.verdicts.values()), default=1.0), "; ".join(reasons))

    def next_conversation(self) -> list[Message]:
        """The turns so far and the next prompt."""
        messages = [Message(role="system", content=self.about.system)] if self.about.system else []
        for asked, answer in self.turns:
            messages += [Message(role="user", content=asked), Message(role="assistant", content=answer.text)]
        return [*messages, Message(role="user", content=self.prompts[len(self.turns)])]


@dataclass(frozen=True)
class ProbeResult:
    """What became of a probe."""

    name: str
    probe: Probe
    score: Interval
    """Over items: the mean of each one's replies, since wordings and samples of one item are no independent evidence."""
    scores: dict[str, Interval]
    """The same by each scorer."""
    transcripts: tuple[Dialogue, ...]


def run_probes(speaker: Speaker, probes: Probes, sampling: Sampling) -> list[ProbeResult]:
    """Ask each probe and judge the replies. Without a chat template, conversations are left out, and that is told."""
    silent = [name for name, probe in probes.chosen.items() if probe.form == "conversation" and not speaker.converses]
    if silent:
        logger.warning("%s has no chat template: these probes are not asked: %s", speaker.name, ", ".join(silent))
    return [ask(speaker, name, probe, sampling) for name, probe in probes.chosen.items() if name not in silent]


def ask(speaker: Speaker, name: str, probe: Probe, sampling: Sampling) -> ProbeResult:
    """All replies of one probe, judged."""
    turned = {"temperature": probe.temperature, "max_new_tokens": probe.max_new_tokens}
    dials = sampling.model_copy(update={dial: value for dial, value in turned.items() if value is not None})
    dialogues = list(dialogues_of(probe))
    if probe.form == "text":
        say(dialogues, lambda some: speaker.completions([each.prompts[-1] for each in some], dials))
    else:
        for number in range(max(len(each.prompts) for each in dialogues)):
            open_ones = [each for each in dialogues if len(each.prompts) > number]
            say(open_ones, lambda some: speaker.answers([each.next_conversation() for each in some], dials))
    judge(dialogues, probe)
    over = partial(_over_items, dialogues)
    by_scorer = {scorer: over(lambda each, scorer=scorer: each.verdicts[scorer].score) for scorer in probe.chosen}
    return ProbeResult(name, probe, over(lambda each: each.verdict.score), by_scorer, tuple(dialogues))


def dialogues_of(probe: Probe) -> Iterator[Dialogue]:
    """Every sample of every wording of every item."""
    items = [(language, item) for language, some in probe.prompts.items() for item in some]
    for number, (language, item) in enumerate(items):
        for wording in range(len(item.ask)):
            for sample in range(probe.samples):
                yield Dialogue(number, wording, sample, item.language or language, item)


def say(dialogues: Sequence[Dialogue], answers: Callable[[Sequence[Dialogue]], list[Answer]]) -> None:
    """One more turn of each."""
    for each, answer in zip(dialogues, answers(dialogues), strict=True):
        each.turns.append((each.prompts[len(each.turns)], answer))


def judge(dialogues: Sequence[Dialogue], probe: Probe) -> None:
    """Fill in what each scorer says of the last replies."""
    replies = []
    for each in dialogues:
        asked, answer = each.turns[-1]
        replies.append(Reply(each.item, asked, answer.text, answer.ended, each.language, each.about.expect))
    for scorer, options in probe.chosen.items():
        for each, verdict in zip(dialogues, scorers[scorer](replies, **options), strict=True):
            each.verdicts[scorer] = verdict


def _over_items(dialogues: Sequence[Dialogue], score: Callable[..., Any]) -> Interval:
    """With Wilson's interval for any scores from 0 to 1: none of them varies more than scores of 0 and 1 with the same mean."""
    by_item: dict[int, list[float]] = defaultdict(list)
    for each in dialogues:
        by_item[each.item].append(score(each))
    items = len(by_item)
    mean = fmean(fmean(scores) for scores in by_item.values())
    return Interval(mean, *wilson(mean * items, items), items)
