"""`kedro sources list`: the library, with what of it is here."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polymath.errors import UserError, unknown

if TYPE_CHECKING:
    from polymath.project import Project
    from polymath.sources.library import LicencePolicy, Source


@dataclass(frozen=True)
class Line:
    """A source, as the list tells it."""

    name: str
    source: Source
    here: str
    """Where its rows are now: `here`, `cached`, `on the hub`, `on the hub, gated`, `files missing`, `to be fetched`,
    `no pages saved`, `refused`."""


def find_sources(library: Mapping[str, Source], task: str | None, tier: str | None, licence: str | None) -> dict[str, Source]:
    """The entries with this task, this tier and a licence like this pattern; a word that no entry has is a UserError."""
    for place, value, known in (
        ("--task", task, {source.task for source in library.values()}),
        ("--tier", tier, {source.tier for source in library.values()}),
    ):
        if value is not None and value not in known:
            raise unknown(place, value, f"{place[2:]} of a source", known)
    found = {
        name: source
        for name, source in library.items()
        if task in (None, source.task) and tier in (None, source.tier) and (licence is None or _like(source.licence, licence))
    }
    if not found and licence is not None:
        stated = sorted({source.licence for source in library.values()})
        raise UserError(f"--licence: none of these sources has a licence like {licence!r}; there are {', '.join(stated)}")
    return found


def _like(licence: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(licence.casefold(), pattern.casefold())


def place_of(source: Source, root: Path, policy: LicencePolicy) -> str:
    """Where the rows of a source are now, without going anywhere for them."""
    if policy.refuses(source.licence):
        return "refused"
    if source.kind == "hub":
        from polymath.sources.hub import needs_network

        if not needs_network(source.path[0], source.revision, name=source.config):
            return "cached"
        return "on the hub, gated" if source.gated else "on the hub"
    if source.kind == "pages":
        from polymath.sources.pages import saved_pages

        try:
            return f"here, {len(saved_pages(source.path, root, source.read)):,} pages"
        except UserError:
            return "to be fetched" if source.pages.fetch else "no pages saved"
    if source.kind == "files":
        from polymath.sources.files import find_files

        try:
            find_files(source.path, root, source.read)
        except UserError:
            return "files missing"
    return "here"


def tell_sources(project: Project, task: str | None, tier: str | None, licence: str | None) -> None:
    """Print a table of the sources, families by name, and how to go on."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    run = project.parameters("run")
    root = project.path / run.files_root
    found = find_sources(project.parameters("sources").root, task, tier, licence)
    lines = [Line(name, source, place_of(source, root, run.licences)) for name, source in found.items()]
    console = Console(highlight=False)
    if not console.is_terminal:  # in a file or a pipe nothing need fit a window
        console = Console(highlight=False, width=200)
    table = Table(box=None, pad_edge=False)
    for heading in ("source", "task", "tier", "licence", "rows", "where"):
        table.add_column(heading, no_wrap=heading in ("source", "task"), justify="right" if heading == "rows" else "left")
    for line in lines:
        source = line.source
        row = [line.name, source.task, source.tier, source.licence, source.size or "", line.here]
        style = "dim" if line.here == "refused" else ""
        table.add_row(*(escape(cell) for cell in row), style=style)
    console.print(table)
    refused = sum(line.here == "refused" for line in lines)
    console.print(f"{len(lines):,} sources{f', {refused:,} of them refused by run.licences' if refused else ''}")
    console.print("[dim]kedro sources check NAME shows five rows as the model will see them; run.sources chooses[/dim]")
