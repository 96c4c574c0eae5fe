"""Lists in replies: which lines are items, and what stands in them."""

import re

MARKED = re.compile(r"^\s*(?:[-*•‣]|\(?\d{1,3}[.):])\s+\S")
"""A line that begins with a bullet or a number."""
MARK = re.compile(r"^\s*(?:[-*•‣]|\(?\d{1,3}[.):])?\s*")
COMMAS = re.compile(r"[,;、，]")


def marked_lines(text: str) -> list[str]:
    """The lines that are items of a list, without the whitespace around them."""
    return [line.strip() for line in text.splitlines() if MARKED.match(line)]


def items_of(text: str, whole: bool) -> list[str]:
    """What stands in the lines of a list, or between the commas of a single line; without the last where it is not `whole`.

    A continuation begins within an item, so the first line needs no mark; where later lines have marks, others are no items.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        found = COMMAS.split(lines[0])
    else:
        marked = any(MARKED.match(line) for line in lines[1:])
        found = [MARK.sub("", line) for number, line in enumerate(lines) if not marked or number == 0 or MARKED.match(line)]
    items = [item.strip(" \t.*") for item in found]
    return [item for item in (items if whole else items[:-1]) if item]
