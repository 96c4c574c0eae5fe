"""EXTEND: one function per scorer. It sees all replies of a probe and says of each a score from 0 (bad) to 1 (good), and why.

A scorer's docstring is its definition. Its keyword limits, with their units in their names, are set in `probes.yml`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from polymath.evaluation.probes.lists import items_of, marked_lines
from polymath.registry import Registry
from polymath.scoring.diversity import distinct_n, self_bleu
from polymath.scoring.units import grams, units
from polymath.text import phrases, scripts
from polymath.text.buffers import as_strings
from polymath.text.languages import tell_languages

scorers = Registry("scorer")


@dataclass(frozen=True)
class Reply:
    """What a model said to the last prompt of an item, and what the item says of it."""

    item: int
    """Replies to other wordings of the same question, and other samples, share it."""
    asked: str
    text: str
    ended: bool
    """It ended by itself; else it was cut off."""
    language: str
    """In which it should be."""
    expect: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """A scorer's word on a reply."""

    score: float
    why: str = ""
    """What was found, where the score is not 1."""


def judge(replies: Iterable[Reply], fault: Callable[[Reply], str | None]) -> list[Verdict]:
    """1 where there is no fault; else 0, and the fault."""
    return [Verdict(0.0, why) if (why := fault(reply)) else Verdict(1.0) for reply in replies]


# --- one reply by itself ------------------------------------------------------------------------------------------------


@scorers.register
def says_something(replies: Sequence[Reply], *, min_letters: int = 1) -> list[Verdict]:
    """The reply has at least `min_letters` letters or digits, and is no placeholder such as "N/A"."""

    def fault(reply: Reply) -> str | None:
        if not reply.text.strip():
            return "empty"
        if reply.text.strip().lower() in phrases.PLACEHOLDERS:
            return "a placeholder"
        letters = sum(map(str.isalnum, reply.text))
        return f"{letters} letters" if letters < min_letters else None

    return judge(replies, fault)


@scorers.register
def is_brief(replies: Sequence[Reply], *, max_characters: int = 300) -> list[Verdict]:
    """The reply has at most `max_characters`: small talk is answered with small talk."""
    return judge(replies, lambda r: f"{len(r.text)} characters" if len(r.text) > max_characters else None)


@scorers.register
def ends(replies: Sequence[Reply]) -> list[Verdict]:
    """The reply ends by itself, within the tokens that it may have."""
    return judge(replies, lambda reply: None if reply.ended else "cut off")


@scorers.register
def does_not_loop(
    replies: Sequence[Reply], *, min_phrase_units: int = 2, min_times: int = 3, min_characters: int = 12
) -> list[Verdict]:
    """The reply does not end in a loop: one phrase of `min_phrase_units` or more, `min_times` or more in a row, at its end.

    Holtzman 2020 (1904.09751), over words (characters in scripts without spaces); loops of fewer than `min_characters` in
    all, such as laughter, do not count.
    """

    def fault(reply: Reply) -> str | None:
        said = units(reply.text)
        for length in range(min_phrase_units, len(said) // min_times + 1):
            tail = said[-length * min_times :]
            if tail == tail[:length] * min_times and len("".join(tail)) >= min_characters:
                return f"loops over {' '.join(tail[:length])[:60]!r}"
        return None

    return judge(replies, fault)


@scorers.register
def rarely_repeats(replies: Sequence[Reply], *, n: int = 4) -> list[Verdict]:
    """1 - seq-rep-n (Welleck 2020, 1908.04319): the share of the reply's runs of `n` units that are different ones.

    A reply of fewer than `n` units gets 1.
    """
    found = [grams(units(reply.text), n) for reply in replies]
    shares = [len(set(runs)) / len(runs) if runs else 1.0 for runs in found]
    return [Verdict(share, f"{1 - share:.0%} of its runs of {n} stood before" if share < 1 else "") for share in shares]


@scorers.register
def bounds_its_lists(replies: Sequence[Reply], *, max_items: int = 20) -> list[Verdict]:
    """At most `max_items` lines of the reply are items of a list, and it was not cut off while listing (3 items or more)."""

    def fault(reply: Reply) -> str | None:
        marked = marked_lines(reply.text)
        if len(marked) > max_items:
            return f"{len(marked)} items"
        listing = len(marked) > 2 and reply.text.strip().endswith(marked[-1])
        return f"cut off in a list of {len(marked)} items" if listing and not reply.ended else None

    return judge(replies, fault)


@scorers.register
def keeps_the_language(replies: Sequence[Reply], *, min_letters: int = 20) -> list[Verdict]:
    """The reply is in the language of its prompt, or in the one that the item names.

    Told as clean tells it: by the script where that is written for one language, at any length; else by fastText on the first
    200 characters, of replies with at least `min_letters` letters. What is shorter is taken to be right.
    """
    text = pa.array([reply.text for reply in replies], pa.string())
    letters = scripts.count_letters(as_strings(text))[:, 1:].sum(axis=1)
    by_script, by_model = tell_languages(text, model=False).to_pylist(), tell_languages(text).to_pylist()
    verdicts = []
    for reply, count, sure, guess in zip(replies, letters.tolist(), by_script, by_model, strict=True):
        told = sure or (guess if count >= min_letters else None)
        verdicts.append(Verdict(1.0) if told in (None, reply.language) else Verdict(0.0, f"in {told}, not {reply.language}"))
    return verdicts


@scorers.register
def has_no_footer(replies: Sequence[Reply]) -> list[Verdict]:
    """The last 200 characters hold nothing that pages and forums put under a text, as the filter `footer` of clean has it."""

    def fault(reply: Reply) -> str | None:
        found = re.search(phrases.FOOTER, reply.text.strip().lower()[-200:])
        return f"a footer: {found[0]!r}" if found else None

    return judge(replies, fault)


@scorers.register
def does_not_refuse(replies: Sequence[Reply]) -> list[Verdict]:
    """The reply does not begin by declining, or by speaking of itself as a model, as the filter `refusal` of clean has it."""
    return judge(replies, lambda r: "refuses" if re.search(phrases.REFUSAL, r.text.strip().lower()[:240]) else None)


MARKERS = ("### instruction", "### input", "### response", "<|", "[inst]", "user:", "human:", "assistant:")
"""How lines begin that open a turn, lower-cased."""


@scorers.register
def stays_in_its_turn(replies: Sequence[Reply], *, markers: tuple[str, ...] = MARKERS) -> list[Verdict]:
    """No line of the reply begins with one of the `markers` of a turn: it does not go on to play the user."""

    def fault(reply: Reply) -> str | None:
        lines = (line.strip().lower() for line in reply.text.splitlines())
        found = next((line for line in lines if line.startswith(tuple(markers))), None)
        return f"opens a turn: {found[:40]!r}" if found else None

    return judge(replies, fault)


@scorers.register
def mentions(replies: Sequence[Reply]) -> list[Verdict]:
    """The reply holds one of the strings that the item expects, as whole words, whatever their case."""

    def fault(reply: Reply) -> str | None:
        said = units(reply.text)
        wanted = [units(each) for each in reply.expect]
        held = any(tuple(each) in grams(said, len(each)) for each in wanted)
        return None if held else f"without {' or '.join(reply.expect)}"

    return judge(replies, fault)


@scorers.register
def continues_the_list(replies: Sequence[Reply], *, min_items: int = 10, max_item_characters: int = 60) -> list[Verdict]:
    """Different items over the items of the continued list, or over `min_items` where it has fewer.

    Items are lines, without their numbers or bullets (or stand between commas, where there is one line); what is longer than
    `max_item_characters` is none. A last item that was cut off does not count.
    """
    verdicts = []
    for reply in replies:
        found = [item for item in items_of(reply.text, whole=reply.ended) if len(item) <= max_item_characters]
        different = len({item.lower() for item in found})
        score = different / max(len(found), min_items)
        verdicts.append(Verdict(score, f"{len(found)} items, {different} different" if score < 1 else ""))
    return verdicts


# --- replies beside one another -----------------------------------------------------------------------------------------


@scorers.register
def agrees_with_itself(replies: Sequence[Reply]) -> list[Verdict]:
    """F1 over units (as SQuAD's, Rajpurkar 2016) between this reply and those to the other wordings of the question, on
    average: a missing question mark should not change what is said."""

    def agreement(reply: Reply, others: Sequence[Reply]) -> Verdict:
        score = float(np.mean([overlap(units(reply.text), units(other.text)) for other in others]))
        return Verdict(score, f"{score:.0%} in common with the reply to another wording" if score < 1 else "")

    return [agreement(reply, others_of(replies, number)) for number, reply in enumerate(replies)]


@scorers.register
def is_varied(replies: Sequence[Reply], *, n: int = 2) -> list[Verdict]:
    """distinct-n (Li 2016, 1510.03055) of all samples of the item: different runs of `n` units over all of them."""
    shares = {
        item: distinct_n([reply.text for reply in replies if reply.item == item], n) for item in {r.item for r in replies}
    }
    return [Verdict(shares[r.item], f"distinct-{n} of its samples is {shares[r.item]:.2f}") for r in replies]


@scorers.register
def differs_from_the_others(replies: Sequence[Reply], *, n: int = 4) -> list[Verdict]:
    """1 - BLEU against the other samples of the item as references; on average 1 - self-BLEU (Zhu 2018, 1802.01886)."""
    scores: dict[int, float] = {}
    for item in {reply.item for reply in replies}:
        numbers = [number for number, reply in enumerate(replies) if reply.item == item]
        scores.update(zip(numbers, self_bleu([replies[number].text for number in numbers], n), strict=True))
    return [Verdict(1 - scores[number], f"BLEU against its siblings is {scores[number]:.2f}") for number in range(len(replies))]


def others_of(replies: Sequence[Reply], number: int) -> list[Reply]:
    """The other replies to the same item."""
    return [other for place, other in enumerate(replies) if place != number and other.item == replies[number].item]


def overlap(left: list[str], right: list[str]) -> float:
    """F1 of two bags of units; 1 where both are empty."""
    if not left or not right:
        return float(left == right)
    common = sum(min(left.count(unit), right.count(unit)) for unit in set(left))
    return 2 * common / (len(left) + len(right))


NEEDS_EXPECT = ("mentions",)
NEEDS_SIBLINGS = ("agrees_with_itself", "is_varied", "differs_from_the_others")
"""Scorers that compare replies to the same item: it needs several wordings, or samples."""
