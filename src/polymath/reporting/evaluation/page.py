"""The evaluation as one page that needs nothing else, in the data card's own dress."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyarrow as pa
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from polymath.engine.contract import Piece
from polymath.reporting.card.page import TEMPLATES as CARD
from polymath.reporting.card.page import environment as card_environment
from polymath.reporting.evaluation import words
from polymath.reporting.evaluation.notices import is_better, notices, sample_answers, tell_comparison, tell_evaluation
from polymath.reporting.evaluation.view import SAMPLES, PageConfig, Rows, view_of

TEMPLATES = Path(__file__).parent / "templates"


def write_page(made: dict[str, Rows], config: PageConfig) -> Piece:
    """The page as a table of one row (`page`); its notices, and what the console tells, as the note."""
    view = view_of(config, made)
    found = notices(view)
    page = environment().get_template("evaluation.html").render(view=view, config=config, notices=found, samples=SAMPLES)
    note = {"slots": {}, "notices": found, "told": tell_evaluation(view), "samples": sample_answers(view)}
    return Piece(pa.table({"page": [page.strip() + "\n"]}), note)


@cache
def environment() -> Environment:
    """The card's, with our template beside its own."""
    made = card_environment().overlay(loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(CARD)]))
    ours = {name: getattr(words, name) for name in ("scored", "measured", "between", "difference", "probability")}
    made.filters = {**made.filters, **ours}
    made.tests = {**made.tests, "better": is_better}
    made.globals = {**made.globals, "tell_comparison": tell_comparison}
    return made
