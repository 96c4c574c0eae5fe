"""The plan as one page that needs nothing else, in the data card's own dress."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from polymath.engine.contract import Piece
from polymath.planning.scaling import FITS
from polymath.reporting.card.page import TEMPLATES as CARD
from polymath.reporting.card.page import environment as card_environment
from polymath.reporting.plan import words
from polymath.reporting.plan.curves import draw_curves
from polymath.reporting.plan.notices import chosen_of, least_of, notices, tell_mix, tell_plan
from polymath.store.folder import ShardFolder

if TYPE_CHECKING:
    from polymath.pipelines.plan.config import Asked

TEMPLATES = Path(__file__).parent / "templates"


def write_page(training_plan: ShardFolder, iso_flop_curves: ShardFolder, memory_needs: ShardFolder, asked: Asked) -> Piece:
    """The page as a table of one row (`page`); its notices, and what the console tells, as the note."""
    choices, points, needs = (folder.read().to_pylist() for folder in (training_plan, iso_flop_curves, memory_needs))
    kinds = {kind: [row for row in choices if row["kind"] == kind] for kind in ("size", "shape", "mix", "fit", "published")}
    found = notices(choices, needs, asked)
    page = (
        environment()
        .get_template("plan.html")
        .render(
            asked=asked,
            currency=asked.plan.currency,
            budget=words.told_budget(asked),
            best=choices[0],
            near=chosen_of(choices),
            least=least_of(needs, asked),
            kinds=kinds,
            needs=needs,
            notices=found,
            mix=tell_mix(chosen_of(choices)),
            drawing=draw_curves(points, kinds["published"]),
            fits=FITS,
        )
    )
    text = page.strip() + "\n"
    return Piece(pa.table({"page": [text]}), {"slots": {}, "notices": found, "told": tell_plan(choices, needs, asked)})


@cache
def environment() -> Environment:
    """The card's, with our template beside its own."""
    made = card_environment().overlay(loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(CARD)]))
    ours = {name: getattr(words, name) for name in ("big", "power", "three", "money", "gib", "lasting")}
    made.filters = {**made.filters, **ours}
    made.globals = {**made.globals, "stage": words.stage}
    return made
