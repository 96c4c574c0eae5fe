"""Parts of a training run's page that a stage adds to those which all have, and the environment that templates are read in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from polymath.reporting.card.page import TEMPLATES as CARD
from polymath.reporting.card.page import environment as card_environment
from polymath.training.words import told_count

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Section:
    """A part of the page, after the curves; the page numbers it and writes its title."""

    id: str
    """In addresses: `calibration`."""
    title: str
    html: Markup
    """What stands below the title."""

    @classmethod
    def render(cls, id: str, title: str, template: Path, **facts: Any) -> Section:
        """From a template: a file that stands in a folder of its stage, and may use what the page's own templates use."""
        html = environment(template.parent).get_template(template.name).render(**facts)
        return cls(id, title, Markup(html))


@cache
def environment(*folders: Path) -> Environment:
    """The card's, with the templates of these folders and our own beside it."""
    loaders = [FileSystemLoader(folder) for folder in (*folders, TEMPLATES, CARD)]
    made = card_environment().overlay(loader=ChoiceLoader(loaders))
    made.filters = {**made.filters, "big": told_count}
    return made
