"""Two runs side by side on the console: the ledgers, what was set differently, the counts, and the records that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from polymath.reporting.card.words import cut, plural, share, visible
from polymath.reporting.compare.comparison import Comparison, Side
from polymath.reporting.compare.texts import Shown, Texts

if TYPE_CHECKING:
    from polymath.reporting.card.duplicates import Text as Marked
    from polymath.reporting.compare.changes import Change
    from polymath.reporting.compare.comparison import Drawn

LETTERS = ("A", "B")
PLAIN_WIDTH = 160
"""Columns where there is no terminal."""
LONG_LIST = 20
LONGEST = 200
"""Characters of a text, or of a parameter, that are shown."""
LONGEST_DIFFERENCE = 80
"""Characters of words that differ."""
MARKS = (("[-", "-]", "red"), ("{+", "+}", "green"))
"""Around words that differ, in what a record resembles and in the record itself."""


def plain_console() -> Console:
    """One whose tables are not squeezed into eighty columns when they go into a file or a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=max(console.width, PLAIN_WIDTH))


def tell_comparison(comparison: Comparison, texts: Texts, examples: int) -> None:
    """All of it, what matters first. `examples`: how many records of each change are shown."""
    console = plain_console()
    for letter, side in zip(LETTERS, (comparison.before, comparison.after), strict=True):
        _tell_side(console, letter, side)
    _tell_settings(console, comparison)
    _tell_scores(console, comparison)
    _tell_sources(console, comparison)
    _tell_parts(console, comparison)
    _tell_reasons(console, comparison)
    _tell_tracks(console, comparison)
    _tell_changes(console, comparison, texts, examples)


def _tell_side(console: Console, letter: str, side: Side) -> None:
    """Which run it is, and its ledger."""
    head = Text.assemble((letter, "bold"), "  ", (side.record.id, "bold"), f"  {visible(side.record.name)}")
    console.print(head, soft_wrap=True)
    console.print(Text(f"   {side.record.command}", "dim"), soft_wrap=True)
    for line in side.ledger.lines():
        console.print(Text(f"   {line}"), soft_wrap=True)


def _tell_settings(console: Console, comparison: Comparison) -> None:
    """Parameters and versions that differ."""
    rows = [(name, _setting(old), _setting(new)) for name, (old, new) in comparison.settings.items()]
    _tell_table(console, "Set differently", ("parameter", "A", "B"), rows, left=3)
    if not rows:
        console.print("\nNothing was set differently.")


def _setting(value: str | None) -> Text:
    return Text(cut(visible(value), LONGEST)) if value is not None else Text("not set", "dim")


def _tell_scores(console: Console, comparison: Comparison) -> None:
    """What their models learnt and scored; whether two models differ by more than chance is for evaluate.against to say."""
    rows = [(name, *(told_score(each) for each in pair), _difference(*pair)) for name, pair in comparison.scores.items()]
    _tell_table(console, "Trained and scored", ("metric", "A", "B", ""), rows, left=1, most=len(rows))
    if rows:
        console.print(
            "[dim]whether a difference is more than chance: kedro run --pipeline=evaluate, with evaluate.against[/dim]"
        )


def told_score(value: float | None) -> str:
    """Whole numbers whole, others to four digits; `none` where a run has none."""
    if value is None:
        return "none"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:,.4g}"


def _difference(old: float | None, new: float | None) -> str:
    return f"{new - old:+,.4g}" if old is not None and new is not None and new != old else ""


def _tell_sources(console: Console, comparison: Comparison) -> None:
    """Sources that only one run has, and those that are another content under the same name."""
    for number, remark in enumerate(comparison.remarks):
        console.print(Text(("" if number else "\n") + remark, "yellow"), soft_wrap=True)


def _tell_parts(console: Console, comparison: Comparison) -> None:
    """Kept, removed, moved, generated and training tokens of each source and task."""
    counted: dict[tuple[str, str], Mapping[str, tuple[int, int]]] = {**comparison.counts}
    if len(counted) > 1:
        counted["all", ""] = comparison.sums
    rows = [(*key, *(cell for pair in row.values() for cell in _pair(*pair))) for key, row in counted.items()]
    headings = ("source", "task", *(word for name in comparison.sums for word in (name, "")))
    _tell_table(console, "Source by source", headings, rows, left=2, most=len(rows))


def _tell_reasons(console: Console, comparison: Comparison) -> None:
    """Reasons that removed another number of records."""
    rows = [(*key, *_pair(*pair)) for key, pair in comparison.reasons.items()]
    _tell_table(console, "Removed, where it differs", ("source", "reason", "records", ""), rows, left=2)


def _tell_tracks(console: Console, comparison: Comparison) -> None:
    """What the tracks draw."""
    rows = [(*key, *_drawn(*pair)) for key, pair in comparison.tracks.items()]
    headings = ("track", "task", "tokens ready", "", "tokens drawn", "", "weight", "epochs")
    _tell_table(console, "Drawn by the tracks, where it differs", headings, rows, left=2)


def _drawn(old: Drawn, new: Drawn) -> list[str | Text]:
    weights = share(old.weight), share(new.weight)
    epochs = f"{old.epochs:.2f}", f"{new.epochs:.2f}"
    return [*_pair(old.tokens, new.tokens), *_pair(old.drawn, new.drawn), _either(*weights), _either(*epochs)]


def _tell_changes(console: Console, comparison: Comparison, texts: Texts, examples: int) -> None:
    """Records that met another fate, by where they came from and where they went."""
    changes = comparison.changes(examples)
    total = sum(change.count for change in changes)
    if not total:
        same = f"; both ended with the same mix, {comparison.same_mix}" if comparison.same_mix else ""
        which = "No record of what both runs have" if comparison.remarks else "No record"
        console.print(f"\n[bold]{which} met another fate[/bold]{same}.")
        return
    console.print(f"\n[bold]{plural(total, 'record')} met another fate[/bold]")
    for change in changes:
        sources = ", ".join(f"{name} {count:,}" for name, count in change.counts.most_common())
        way = Text(f"{change.before} -> {change.after}", "bold")
        console.print(way.append(f"  {change.count:,}", "not bold").append(f"  {sources}", "not bold dim"), soft_wrap=True)
        _tell_examples(console, change, comparison, texts, examples)
    console.print("[dim]--examples N shows more; kedro trace RECORD tells the story of a record as it stands now[/dim]")


def _tell_examples(console: Console, change: Change, comparison: Comparison, texts: Texts, most: int) -> None:
    for example in change.examples(comparison.before.snapshot, comparison.after.snapshot, most):
        console.print(Text.assemble("  ", (example.id, "bold")), soft_wrap=True)
        for letter, fate in zip(LETTERS, (example.before, example.after), strict=True):
            console.print(Text(f"    {letter}  {fate}"), soft_wrap=True)
        for line in _texts(texts.of(example)):
            console.print(line, soft_wrap=True)


def _texts(shown: Shown) -> Iterable[Text]:
    """What a record says: beside what it repeats in other words, if it does, with differing words marked."""
    for marks, (name, text) in zip(MARKS, shown.twins, strict=False):
        yield Text.assemble("       ", (f"{name} ", "dim")).append_text(_marked(text, *marks))
    if shown.twins:
        return
    if shown.excerpt is None:
        yield Text("       its text stands in the project no more", "dim")
        return
    for name, said in shown.excerpt.fields:
        yield Text.assemble("       ", (f"{name} ", "dim"), cut(_flat(said), LONGEST))


def _marked(text: Marked, begin: str, end: str, colour: str) -> Text:
    """On one line; differing words, the first of many, stand between marks that are seen without colours too."""
    told = Text()
    for kind, words in text:
        if kind == "differs":
            told.append(f"{begin}{cut(_flat(words), LONGEST_DIFFERENCE)}{end}", colour)
        else:
            told.append(_flat(words))
    return told


def _flat(text: str) -> str:
    """On one line, with a space at its ends where there is some."""
    return re.sub(r"\s+", " ", visible(text))


def _pair(old: int, new: int) -> tuple[str, Text]:
    """`1,393 -> 1,380` and `-13`; where nothing differs, the number alone."""
    if old == new:
        return f"{old:,}", Text("")
    return f"{old:,} -> {new:,}", Text(f"{new - old:+,}", "green" if new > old else "red")


def _either(old: str, new: str) -> str:
    return old if old == new else f"{old} -> {new}"


def _tell_table(
    console: Console,
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    left: int,
    most: int = LONG_LIST,
) -> None:
    """A table whose first `left` columns are words; nothing where there are no rows."""
    if not rows:
        return
    table = Table(box=None, pad_edge=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place < left else "right", no_wrap=place >= left, overflow="fold")
    for row in rows[:most]:
        table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    console.print(f"\n[bold]{title}[/bold]")
    console.print(table)
    if len(rows) > most:
        console.print(f"[dim]and {len(rows) - most:,} more; --html PATH writes all of them on a page[/dim]")
