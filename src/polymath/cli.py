"""Polymath's commands beside Kedro's own, and `kedro run` with errors that a person can act on."""

from __future__ import annotations

import contextlib
import copy
import logging
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import yaml
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import CONTEXT_SETTINGS, KedroCliError, _split_params

from polymath.logs import guard_logs
from polymath.project import open_project

guard_logs()  # before a command runs


@click.group(context_settings=CONTEXT_SETTINGS, name="polymath")
def cli() -> None:
    """Polymath's commands."""


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """End with one sentence and exit code 1 where a user can mend it; the traceback goes to the log."""
    from polymath.reporting.mishaps import sentence

    try:
        yield
    except (click.ClickException, KedroCliError, click.exceptions.Exit):
        raise
    except KeyboardInterrupt:
        click.secho("stopped; run the same command again to go on from here", err=True)
        sys.exit(130)
    except Exception as error:
        logging.getLogger("polymath").exception("the command failed")
        click.secho(sentence(error), fg="red", err=True)
        sys.exit(1)


def _read_params(context: click.Context, option: click.Parameter, value: str) -> object:
    """`--params` as Kedro reads it; a click error for what is no YAML, in place of a traceback."""
    try:
        return _split_params(context, option, value)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        quoted = "a value with signs that YAML knows stands in quotes: --params='key=\"[a-z]*\"'"
        raise click.BadParameter(f"{value!r} cannot be read ({told}); {quoted}") from None


def _run_options() -> list[click.Parameter]:
    """Kedro's own, with `--params` read by us."""
    options = [copy.copy(option) for option in kedro_run.params]
    next(option for option in options if option.name == "params").callback = _read_params
    return options


@cli.command(name="run", params=_run_options(), help=kedro_run.help)
def run(**options: object) -> None:
    """Run a pipeline."""
    with plain_errors():
        assert kedro_run.callback is not None
        kedro_run.callback(**options)


@cli.command()
@click.argument("record", required=False)
@click.option("--source", help="The composition of a source: original, removed by reason, moved, generated.")
@click.option("--quarantined", is_flag=True, help="Rows that could not be read, with their place and reason.")
@click.option("--env", "-e", default=None, help="The configuration environment of the run.")
@click.option("--limit", default=20, show_default=True, help="Rows to list.")
@click.option("--reason", help="List the records removed for this reason; `kept` and `removed` are reasons too.")
@click.option("--task", help="List the records of a task.")
@click.option("--split", help="List the records of a split: train, validation, test.")
@click.option("--tier", help="List the records of a tier.")
@click.option("--language", help="List the records in a language, e.g. th.")
@click.option("--moved", help="List the records that a rule moved to another task; `any` rule.")
@click.option("--benchmark", help="List the records that hold words of a benchmark's items; `any` benchmark.")
@click.option("--concept", help="List the records of a concept, by its number.")
@click.option(
    "--run", "trained", help="A training run: `last`, its key or the beginning of one, an id or name of `kedro runs`."
)
@click.option(
    "--step", type=click.IntRange(1), help="List the examples of the batch of a step of --run (else of the last run)."
)
@click.option("--text", help="Find the longest spans of training examples that this text repeats.")
@click.option(
    "--min-tokens", default=12, show_default=True, type=click.IntRange(12), help="Tokens of the shortest span to tell of."
)
def trace(
    record: str | None, source: str | None, quarantined: bool, env: str | None, limit: int, trained: str | None,
    step: int | None, text: str | None, min_tokens: int, **wanted: str | None,
) -> None:  # fmt: skip
    """Tell what became of a RECORD (`<source>/<number>`) or of a source's rows, list records by what became of them, or go
    back from a step, a score or a text to the data behind it."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting import listing, tell_console, tracing

        by = {name: value for name, value in wanted.items() if value is not None}
        if text is not None:
            tracing.tell_text(project, text, min_tokens, limit)
        elif step is not None:
            tracing.tell_batch(project, project.training(trained or "last"), step, limit)
        elif trained is not None:
            if by.keys() != {"benchmark"}:
                raise click.UsageError("--run wants --step NUMBER or --benchmark NAME")
            tracing.tell_score(project, project.training(trained), by["benchmark"])
        elif quarantined:
            tell_console.list_quarantined(project, source, limit)
        elif by:
            listing.list_records(project, by, source, limit)
        elif source:
            tell_console.describe_source(project, source)
        elif record:
            tell_console.tell_record(project, record)
        else:
            raise click.UsageError("name a record (squad_v2/17), or use --source NAME or --quarantined")


@cli.command()
@click.option("--path", "only_path", is_flag=True, help="Print where the page is, and open nothing.")
@click.option("--env", "-e", default=None, help="The configuration environment of the run.")
def report(only_path: bool, env: str | None) -> None:
    """Open the data card: one page that tells what became of every row, and what the mix holds."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.browser import open_page

        page = project.page("data_card")
        click.echo(page)
        if not only_path:
            open_page(page)


@cli.command()
@click.argument("dials", nargs=-1, required=True, metavar="DIAL=VALUE...")
@click.option("--env", "-e", default=None, help="The configuration environment of the run.")
def whatif(dials: tuple[str, ...], env: str | None) -> None:
    """Tell what another threshold of clean would change, e.g. clean.min_words=30; nothing is written."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.tell_whatif import tell_whatif

        tell_whatif(project, list(dials))


@cli.command()
@click.option("--limit", default=20, show_default=True, help="Runs to list, the newest of them.")
@click.option("--env", "-e", default=None, help="The configuration environment.")
def runs(limit: int, env: str | None) -> None:
    """List the project's runs, the newest last, with the numbers that tell one from another."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.compare.tell_runs import tell_runs

        tell_runs(project.path, limit)


@cli.command()
@click.argument("run_a", required=False)
@click.argument("run_b", required=False)
@click.option("--examples", default=3, show_default=True, help="Records to show of each change.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the comparison as a page too.")
@click.option("--env", "-e", default=None, help="The configuration environment.")
def compare(run_a: str | None, run_b: str | None, examples: int, html: Path | None, env: str | None) -> None:
    """Set two runs side by side: ids, their beginnings, names, `previous`, `last`; the last two where none are named."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.compare.comparison import Comparison, choose_runs
        from polymath.reporting.compare.tell_compare import tell_comparison
        from polymath.reporting.compare.texts import Texts

        comparison = Comparison.of(project.path, *choose_runs(project.path, run_a, run_b))
        texts = Texts.within(project.catalog, comparison.same_sources)
        tell_comparison(comparison, texts, examples)
        if html:
            from polymath.reporting.compare.page import write_comparison

            write_comparison(comparison, texts, examples, html)
            click.echo(f"page: {html}")


@cli.command()
@click.option("--track", default="sft", show_default=True, help="Which track of the mix.")
@click.option(
    "--as", "form", type=click.Choice(["hub", "chat", "megatron"]), default="hub", show_default=True,
    help="hub: Parquet with a dataset card; chat: JSON lines with turns; megatron: token files.",
)  # fmt: skip
@click.option(
    "--to", type=click.Path(path_type=Path), default=None, help="The folder; else data/06_outputs/exports/TRACK-FORM."
)
@click.option(
    "--epochs", "repeated", is_flag=True,
    help="Repeat training examples as often as the mix draws them; else each stands there once, with its epochs beside it.",
)  # fmt: skip
@click.option("--env", "-e", default=None, help="The configuration environment of the run.")
def export(track: str, form: str, to: Path | None, repeated: bool, env: str | None) -> None:
    """Write the mix for others: a Hugging Face dataset folder, chats for trainers, or token files for Megatron's readers."""
    with plain_errors(), open_project(env) as project:
        from polymath.export import export_mix

        made = export_mix(project, track, form, to, repeated)
        told = ", ".join(f"{count:,} in {split}" for split, count in made.rows.items())
        click.echo(f"{made.rows.total():,} examples of the track {track} ({told}); README.md there says how to use them")
        click.echo(made.folder)


@cli.command()
@click.option("--model", help="A folder in transformers' format, or a hub id; else the model that finetune made last.")
@click.option("--prompt", help="Print one reply to this and leave.")
@click.option("--system", help="The system prompt.")
@click.option(
    "--temperature", default=0.7, show_default=True, type=click.FloatRange(0), help="0: the likeliest token each time."
)
@click.option("--max-new-tokens", default=512, show_default=True, type=click.IntRange(1), help="Tokens of a reply.")
@click.option("--seed", type=int, help="Draw the same replies again; else each start draws others.")
@click.option("--plain", is_flag=True, help="Continue each line as a text: for base models, which have no chat template.")
@click.option("--env", "-e", default=None, help="The configuration environment of the run that made the model.")
def chat(
    model: str | None, prompt: str | None, system: str | None, temperature: float, max_new_tokens: int, seed: int | None,
    plain: bool, env: str | None,
) -> None:  # fmt: skip
    """Talk to a model: to the one that finetune made last, to any checkpoint, or to one of the hub."""
    with plain_errors():
        if model is None:
            with open_project(env) as project:
                model = str(project.trained().model)
        from polymath.evaluation.talk import Sampling
        from polymath.reporting.chat import open_chat, run_chat

        drawn = random.randrange(2**31) if seed is None else seed
        sampling = Sampling(max_new_tokens=max_new_tokens, temperature=temperature, seed=drawn)
        run_chat(open_chat(model, sampling, system, plain), prompt)


@cli.group(name="sources")
def sources_group() -> None:
    """The library of sources: what there is, and what a source's rows become."""


@sources_group.command(name="list")
@click.option("--task", help="Only sources of this task.")
@click.option("--tier", help="Only sources of this tier: high, medium, low.")
@click.option("--licence", help="Only sources with a licence like this: MIT, 'CC-BY-*'.")
@click.option("--env", "-e", default=None, help="The configuration environment.")
def list_sources(task: str | None, tier: str | None, licence: str | None, env: str | None) -> None:
    """List the sources with task, tier, licence, rows, and whether they are here."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.sources_list import tell_sources

        tell_sources(project, task, tier, licence)


@sources_group.command(name="check")
@click.argument("name")
@click.option("--rows", default=5, show_default=True, type=click.IntRange(1, 100), help="Rows to show.")
@click.option("--env", "-e", default=None, help="The configuration environment.")
def check_source(name: str, rows: int, env: str | None) -> None:
    """Load the first rows of source NAME and show them as the model will see them; what is trained on is green."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting.sources_check import tell_check

        tell_check(project, name, rows)
