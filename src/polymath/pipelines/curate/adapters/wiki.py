"""Wikis: edits that somebody took back, as preferences."""

from collections.abc import Iterator
from typing import Any

from polymath.pipelines.curate.adapters.kinds import Records, adapters
from polymath.pipelines.curate.adapters.turns import paired
from polymath.pipelines.curate.adapters.values import attempt, optional, pick, text
from polymath.sources.build import LEFT_OUT
from polymath.sources.rows import Unfit

ASKED = "Write a part of the article on {title}."
FOLLOWING = ASKED + " It comes after this one:\n\n{before}"


@adapters.register
def wiki_reverts(row: Any, *, min_words: int = 10) -> Records:
    """A page of MediaWiki's history dump: lines as they were, better than what an edit made of them that was taken back.

    It was taken back where the next revision is what stood there before, to the letter. Both sides have `min_words` at least;
    an edit that only took lines away or put some in is told by the line before, which both sides then have.
    """
    title, revisions = text(row, "title"), pick(row, "revision")
    if not isinstance(revisions, list):
        raise Unfit(LEFT_OUT, "the page has one revision, so nothing was taken back")
    texts = [optional(revision, "text") or "" for revision in revisions]
    found = False
    for before, edit, after in zip(texts, texts[1:], texts[2:], strict=False):
        if before != after or before == edit:
            continue
        above, kept, undone = _told_apart(before.splitlines(), edit.splitlines())
        if min(len(kept.split()), len(undone.split())) < min_words:
            continue
        found = True
        asked = FOLLOWING.format(title=title, before=above) if above else ASKED.format(title=title)
        pair = attempt(paired, [{"role": "user", "content": asked}], kept, undone)
        yield pair if isinstance(pair, Unfit) else {**pair, "group": title}
    if not found:
        raise Unfit(LEFT_OUT, f"no edit of {min_words} words or more was taken back by the next one")


def _told_apart(kept: list[str], undone: list[str]) -> tuple[str, str, str]:
    """The line with words before the first that differs; and the lines that differ, of both."""
    start = sum(1 for _ in _alike(kept, undone))
    end = sum(1 for _ in _alike(kept[start:][::-1], undone[start:][::-1]))
    sides = [lines[start : len(lines) - end] for lines in (kept, undone)]
    above = [number for number in range(start) if kept[number].strip()]
    if above and not all(any(line.strip() for line in side) for side in sides):
        sides = [[kept[above[-1]], *side] for side in sides]
        above = above[:-1]
    first, second = ("\n".join(side).strip() for side in sides)
    return kept[above[-1]].strip() if above else "", first, second


def _alike(one: list[str], other: list[str]) -> Iterator[str]:
    """The lines that both begin with."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return
        yield mine
