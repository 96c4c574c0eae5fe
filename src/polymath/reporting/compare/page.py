"""The comparison as one page that needs nothing else, in the card's own dress."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from polymath.reporting.card.page import TEMPLATES as CARD
from polymath.reporting.card.page import environment as card_environment
from polymath.reporting.compare.comparison import Comparison
from polymath.reporting.compare.tell_compare import told_score
from polymath.reporting.compare.texts import Texts
from polymath.tracking.record import write_whole

TEMPLATES = Path(__file__).parent / "templates"


def write_comparison(comparison: Comparison, texts: Texts, examples: int, path: Path) -> None:
    """Write the page to `path`, with so many examples of each change."""
    runs = comparison.before.snapshot, comparison.after.snapshot
    changes = comparison.changes(examples)
    page = environment().get_template("comparison.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = page.render(
        sides=(comparison.before, comparison.after),
        total=sum(change.count for change in changes),
        same_mix=comparison.same_mix,
        settings=comparison.settings,
        scores=comparison.scores,
        remarks=comparison.remarks,
        counts=comparison.counts,
        sums=comparison.sums,
        reasons=comparison.reasons,
        tracks=comparison.tracks,
        changes=[(each, [(one, texts.of(one)) for one in each.examples(*runs, examples)]) for each in changes],
    )
    write_whole(path, text.strip() + "\n")


@cache
def environment() -> Environment:
    """The card's, with our template beside its own."""
    made = card_environment().overlay(loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(CARD)]))
    made.filters = {**made.filters, "signed": lambda value: f"{value:+,}", "score": told_score}
    return made
