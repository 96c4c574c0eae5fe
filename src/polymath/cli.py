"""Polymath's commands beside Kedro's own, and `kedro run` with errors that a person can act on."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import CONTEXT_SETTINGS, KedroCliError

from polymath.project import open_project

logging.captureWarnings(True)  # before a command runs: third parties' warnings go to the log, not to the person


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


@cli.command(name="run", params=kedro_run.params, help=kedro_run.help)
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
def trace(record: str | None, source: str | None, quarantined: bool, env: str | None, limit: int) -> None:
    """Tell what became of a RECORD (`<source>/<number>`), or of a source's rows."""
    with plain_errors(), open_project(env) as project:
        from polymath.reporting import tell_console

        if quarantined:
            tell_console.list_quarantined(project, source, limit)
        elif source:
            tell_console.describe_source(project, source)
        elif record:
            tell_console.tell_record(project, record)
        else:
            raise click.UsageError("name a record (squad_v2/17), or use --source NAME or --quarantined")
