"""Polymath's commands beside Kedro's own, and `kedro run` with errors that a person can act on."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import CONTEXT_SETTINGS, KedroCliError

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
