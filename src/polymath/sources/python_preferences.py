"""Pairs of replies that sum a name up: the sentence of its docstring, and one that is worse by a rule that the record names."""

import random
from collections.abc import Callable
from typing import Any

SUMMARY_WORDS = range(8, 41)
"""Sentences that are long enough to be broken off, and short enough to be an answer."""
ASKED = ("In a sentence, what is {name}?", "Sum up {name} in one sentence.", "Explain {name} briefly.")


def another(name: str, summary: str, other: str) -> str:
    """What sums up another name of the same module."""
    return other


def cut_off(name: str, summary: str, other: str) -> str:
    """The better reply, broken off in the middle."""
    words = summary.split()
    return " ".join(words[: len(words) // 2])


def strays(name: str, summary: str, other: str) -> str:
    """The better reply, and then what sums up another name."""
    return f"{summary} {other}"


def says_nothing(name: str, summary: str, other: str) -> str:
    """What the name itself says."""
    owner, _, own = name.rpartition(".")
    return f"It is what {owner or 'Python'} calls {own}, as the name says."


WORSE: dict[str, Callable[[str, str, str], str]] = {rule.__name__: rule for rule in (another, cut_off, strays, says_nothing)}
"""What makes the worse reply worse, by name. It may be shorter or longer than the better one: length alone tells neither."""


def preference(name: str, summary: str, summaries: list[str]) -> dict[str, Any] | None:
    """Prompt, better and worse reply, and the rule, always the same for a name; None where nothing can be told apart.

    `summaries`: those of all names of its module.
    """
    others = [each for each in summaries if each != summary]
    if len(summary.split()) not in SUMMARY_WORDS or not others:
        return None
    draw = random.Random(f"preference {name}")
    rule, asked, other = draw.choice(list(WORSE)), draw.choice(ASKED), draw.choice(others)
    worse = WORSE[rule](name, summary, other)
    return {"prompt": asked.format(name=name), "chosen": summary, "rejected": worse, "extra": {"worse": rule}}
