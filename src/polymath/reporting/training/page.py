"""A training run, or a chain of them, as one page that needs nothing else, in the data card's own dress."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from polymath.engine.contract import Piece
from polymath.reporting.training.curves import History, draw_losses, draw_measured
from polymath.reporting.training.notices import notices_of
from polymath.reporting.training.sections import Section, environment
from polymath.reporting.training.view import facts_of
from polymath.training.trained import Trained


def write_page(trained: Trained, rank_bytes: float, sections: Sequence[Section] = (), more: Sequence[str] = ()) -> Piece:
    """The page as a table of one row (`page`), and what needs a look: of this run and of those that it went on from.

    `rank_bytes`: what each rank was reckoned to hold. `sections`: parts that the stage adds. `more`: what else needs a look.
    """
    chain = trained.chain
    history = History([run.log() for run in chain])
    found = [*notices_of(chain), *more]
    page = (
        environment()
        .get_template("training.html")
        .render(
            facts_of(chain, rank_bytes),
            drawing=draw_losses(history),
            measured=draw_measured(history),
            sections=sections,
            named=parts(sections),
            notices=found,
        )
    )
    return Piece(pa.table({"page": [page.strip() + "\n"]}), {"slots": {}, "notices": found})


def parts(sections: Sequence[Section]) -> list[tuple[str, str]]:
    """The parts of the page in order: id and title."""
    added = [(section.id, section.title) for section in sections]
    return [("curves", "What was learnt"), *added, ("mix", "What it was trained on"), ("how", "How it was trained")]
