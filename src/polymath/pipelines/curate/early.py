"""Early: what is wrong with any of the chosen sources, in one sentence before the first of them is read."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from polymath.errors import UserError
from polymath.pipelines.curate.adapters import adapters
from polymath.pipelines.curate.recipes import Recipes, check_asked
from polymath.sources.build import RecordBuilder
from polymath.sources.columns import check_beginning
from polymath.sources.library import Source
from polymath.sources.rows import BEGINNING, Batch
from polymath.tasks import TASKS

LOOKED_AT, SURE_ROWS = 50, 10
"""Rows that an adapter tries before any work, and how many must all lack a column before its name counts as wrong."""

Chosen = Mapping[str, Source]
"""Those of a run, by name."""


def check_early(chosen: Chosen, root: Path, recipes: Recipes) -> None:
    """Raises UserError for a recipe, dataset, configuration, split, file or column that is not there; fetches pages."""
    for name, source in chosen.items():
        check_asked(name, source.task, source.recipes, recipes.of(source.task))
    _check_network(chosen)
    _check_hub(chosen)
    _check_files(chosen, root)
    fetch_missing(chosen, root)


def _check_network(chosen: Chosen) -> None:
    """Say before any work which sources have to be downloaded, and stop when they cannot be."""
    from polymath.sources.hub import is_reachable, needs_network

    hub = {name: source for name, source in chosen.items() if source.kind == "hub"}
    missing = {n: s.path[0] for n, s in hub.items() if needs_network(s.path[0], s.revision, name=s.config)}
    if not missing:
        return
    shown = ", ".join(f"{name} ({path})" for name, path in missing.items())
    if not is_reachable():
        raise UserError(
            f"these sources need the network, which cannot be reached: {shown}; connect, or unset HF_HUB_OFFLINE, "
            "or choose sources that are here (run.sources=kind:embedded)"
        )
    logging.getLogger(__name__).info("downloading from the hub: %s", shown)


def _check_hub(chosen: Chosen) -> None:
    """Look for every hub dataset, its configuration, split and columns before the first of them is downloaded."""
    from polymath.sources.hub import check_hub

    for name, source in chosen.items():
        if source.kind == "hub":
            path, files = source.path[0], source.data_files
            columns = check_hub(path, name=source.config, revision=source.revision, split=source.split, data_files=files)
            if not source.adapter:
                header = Batch(path, BEGINNING, columns=columns, end=BEGINNING)
                check_beginning(name, source.fields, TASKS[source.task].needs, [header])


def fetch_missing(chosen: Chosen, root: Path) -> None:
    """Fetch the pages that are missing, where an entry allows it; say how to get them where it does not and none is saved."""
    from polymath.sources.pages import saved_pages
    from polymath.sources.pages_fetch import fetch_pages

    for name, source in chosen.items():
        if source.kind != "pages":
            continue
        if source.pages.fetch:
            count = fetch_pages(source.pages, root / source.path[0])
            logging.getLogger(__name__).info("%s: %s pages are saved in %s", name, count, root / source.path[0])
        try:
            saved_pages(source.path, root, source.read)
        except UserError as error:
            raise UserError(f"{name}: {pages_missing(source, root)}") from error


def pages_missing(source: Source, root: Path) -> str:
    """Why a source of pages has none, and the way out."""
    terms = f" ({source.pages.terms})" if source.pages.terms else ""
    if source.pages.fetch:
        return f"none of its addresses gave a page; {root / source.path[0] / 'index.jsonl'} says why"
    return (
        f"no page is saved in {root / source.path[0]}, and none is fetched{terms}; save pages that you may use there, "
        "or set `pages: {fetch: true}` where you have leave"
    )


def _check_files(chosen: Chosen, root: Path) -> None:
    """Look into every file before any work: an LFS pointer, an error page, a wrong column is an error now, not in an hour."""
    from polymath.sources.files import describe_files

    for name, source in chosen.items():
        if source.kind == "files":
            describe_files(source.path, root, source.read)
            if not source.adapter:
                check_beginning(name, source.fields, TASKS[source.task].needs, source.batches(root))
            elif source.adapter in adapters:
                _check_adapter(name, source, root)


def _check_adapter(name: str, source: Source, root: Path) -> None:
    """A column that an adapter misses in every one of the first rows is a wrong name in the entry, not a bad row."""
    first = next(source.batches(root), None)
    if first is None:
        return
    few = replace(first, rows=first.rows[:LOOKED_AT], table=first.table and first.table.slice(0, LOOKED_AT), bad=[])
    assert source.adapter is not None
    adapter = partial(adapters[source.adapter], **adapters.options(source.adapter, source.options, f"{name}.adapter"))
    table, bad = RecordBuilder(name, source, adapter).build(few)
    if (
        not len(table)
        and len(bad) >= SURE_ROWS
        and {(row.reason, row.detail) for row in bad} == {("null_field", bad[0].detail)}
    ):
        raise UserError(
            f"{name}.options: {bad[0].detail} in each of the first {len(bad):,} rows of {first.file}, "
            f"as the adapter {source.adapter!r} reads them; say there how its columns are called"
        )
