"""`kedro sources check NAME`: the first rows of a source, from its file or the hub to what the model will see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from polymath.errors import UserError, unknown

if TYPE_CHECKING:
    from polymath.form import FormConfig
    from polymath.project import Project
    from polymath.sources.library import Source
    from polymath.sources.rows import BadRow, Batch

MOST_ROWS = 20_000
"""Rows that are read at most until enough of them are records."""
FIRST, LAST = 700, 300
"""Characters of a long text that are shown of its beginning and its end."""


@dataclass
class Look:
    """What the beginning of a source holds."""

    records: pa.Table
    unfit: list[BadRow] = field(default_factory=list)


def first_records(name: str, source: Source, batches: Iterable[Batch], wanted: int) -> Look:
    """The first `wanted` records, and the rows up to them that became none. Raises UserError where there are no records."""
    from polymath.pipelines.curate.adapters import adapters, whole_adapters
    from polymath.sources.build import RecordBuilder

    whole = source.adapter in whole_adapters
    registry = whole_adapters if whole else adapters
    adapter: Any = None
    if source.adapter:
        adapter = partial(registry[source.adapter], **registry.options(source.adapter, source.options, f"{name}.options"))
    builder = RecordBuilder(name, source, None if whole else adapter)
    made: Iterator[tuple[pa.Table, list[BadRow]]]
    if whole:
        made = ((table, bad) for _, table, bad in builder.build_whole(batches, adapter))
    else:
        made = (builder.build(batch) for batch in batches)
    tables, unfit, count = list[pa.Table](), list[Any](), 0
    for table, bad in made:
        tables.append(table.slice(0, wanted - count))
        unfit += bad
        count += len(tables[-1])
        if count >= wanted or builder.counts.rows >= MOST_ROWS:
            break
    if not count:
        why = f"; the first says: {unfit[0].detail}" if unfit else ""
        raise UserError(f"{name}: none of the {builder.counts.rows:,} rows that were read is a record{why}")
    return Look(pa.concat_tables(tables).unify_dictionaries().combine_chunks(), unfit)


def batches_of(source: Source, root: Path, wanted: int) -> Iterator[Batch]:
    """Its rows; of a hub dataset that is not in the cache, or of pages that are not saved, no more than is looked at."""
    if source.kind == "hub":
        from polymath.sources.hub import is_reachable, needs_network, read_hub

        if needs_network(source.path[0], source.revision, name=source.config):
            if not is_reachable():
                raise UserError(
                    f"{source.path[0]} is not in the cache and the hub cannot be reached; connect once, or unset HF_HUB_OFFLINE"
                )
            return read_hub(
                source.path[0],
                name=source.config,
                revision=source.revision,
                split=source.split,
                data_files=source.data_files,
                streaming=True,
            )
    if source.kind == "pages":
        from polymath.pipelines.curate.early import pages_missing
        from polymath.sources.pages import saved_pages
        from polymath.sources.pages_fetch import fetch_pages

        if source.pages.fetch:
            fetch_pages(source.pages, root / source.path[0], wanted)
        try:
            saved_pages(source.path, root, source.read)
        except UserError as error:
            raise UserError(pages_missing(source, root)) from error
    return source.batches(root)


def tell_check(project: Project, name: str, rows: int) -> None:
    """Print the first records of a source as the model will see them, and what was lost on the way."""
    from rich.console import Console
    from rich.markup import escape

    from polymath.pipelines.curate.compose import ComposeConfig, Composer, chosen_recipes
    from polymath.sources.benchmarks import refusal
    from polymath.sources.clean_text import clean_fields

    sources, run, ingest = (project.parameters(key) for key in ("sources", "run", "ingest"))
    if name not in sources.root:
        raise unknown("kedro sources check", name, "source", sources.root)
    source = sources.root[name]
    if (why := run.licences.refuses(source.licence)) is not None:
        raise UserError(f"{name} is under {source.licence}, which is not accepted: {why}")
    look = first_records(name, source, batches_of(source, project.path / run.files_root, rows), rows)
    records = clean_fields(look.records, ingest.normalize, source.html_entities, ingest.mask)
    config = ComposeConfig(
        recipes={source.task: project.parameters("recipes").of(source.task)}, systems=project.parameters("systems")
    )
    composer = Composer(records, np.arange(len(records)), source.task, config)
    made = [composer.examples(key, recipe, 0) for key, recipe in chosen_recipes(sources, name, config.recipes).items()]
    examples = pa.concat_tables(made).sort_by([("record", "ascending"), ("id", "ascending")])
    console = Console(highlight=False)
    size = f"{source.size} rows" if source.size and source.size.replace(",", "").isdecimal() else source.size
    facts = [fact for fact in (source.task, f"{source.tier} tier", source.licence, size, source.home) if fact]
    console.print(f"[bold]{escape(name)}[/bold]  [dim]{escape(', '.join(facts))}[/dim]")
    for record in range(len(records)):
        mine = examples.filter(pa.array(examples["record"].to_numpy() == record))
        _tell_record(console, mine, str(records["id"][record]), project)
    for bad in look.unfit[:3]:
        console.print(f"[yellow]no record[/yellow]  row {bad.place.row:,}: {escape(bad.reason)}, {escape(bad.detail)}")
    if len(look.unfit) > 3:
        console.print(f"[yellow]no record[/yellow]  and {len(look.unfit) - 3:,} more rows")
    benchmarks = project.parameters("benchmarks")
    if (stop := refusal(source, project.parameters("decontaminate").suite(benchmarks), benchmarks.root)) is not None:
        console.print(f"[yellow]a run takes none of its rows: {escape(stop)}[/yellow]")


def _tell_record(console: Any, examples: pa.Table, record: str, project: Project) -> None:
    from rich.markup import escape

    if not len(examples):
        console.print(f"\n[bold]{escape(record)}[/bold]  [yellow]no recipe makes an example of it[/yellow]")
        return
    others = examples["recipe"].to_pylist()[1:]
    told = f"recipe {examples['recipe'][0].as_py()}" + (f"; also {', '.join(others)}" if others else "")
    console.print(f"\n[bold]{escape(record)}[/bold]  [dim]{escape(told)}[/dim]")
    for side, text in sides(examples.slice(0, 1), project):
        if side:
            console.print(f"[dim]{side}[/dim]")
        console.print("".join(f"[green]{escape(words)}[/green]" if trained else escape(words) for words, trained in text))


def sides(example: pa.Table, project: Project) -> list[tuple[str, list[tuple[str, bool]]]]:
    """The text of an example in the run's form, as pieces that are trained on or not; both replies of a pair."""
    from polymath.pipelines.curate.forms import pieces_of

    form = project.parameters("tokenize").form
    template = _template(form, project)
    names = (
        [("the better reply", "chosen"), ("the worse reply", "rejected")] if example["chosen"][0].is_valid else [("", "reply")]
    )
    found = []
    for title, column in names:
        pieces = pieces_of(example, form, column, template)
        texts = [_cut(text) for text in pieces.text.to_pylist()]
        found.append((title, list(zip(texts, pieces.trained.tolist(), strict=True))))
    return found


def _template(form: FormConfig, project: Project) -> Any:
    """The tokenizer whose chat template is the form, where it is one."""
    if form.name != "chat":
        return None
    from polymath.pipelines.curate.codec import codec

    made = project.load("tokenizer")
    return codec(made.path, made.digest).template


def _cut(text: str) -> str:
    left = len(text) - FIRST - LAST
    return text if left <= LAST else f"{text[:FIRST]} … {left:,} characters more … {text[-LAST:]}"
