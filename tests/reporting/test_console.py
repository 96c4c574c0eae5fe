"""What a person sees while a run goes on, and at its end."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from polymath.engine.progress import Progress
from polymath.reporting import console
from polymath.reporting.console import RunConsole
from polymath.reporting.summary import first_of


def shown(*events: Progress, terminal: bool) -> str:
    """What stands there while the events of the step `dedup` come in."""
    screen = io.StringIO()
    shows = RunConsole(Console(file=screen, force_terminal=terminal, width=100, color_system=None), {"dedup": 1, "tokenize": 2})
    for event in events:
        shows.on_progress(event)
    shows.close()
    return screen.getvalue()


def test_a_finished_step_keeps_one_line_of_what_went_in_and_came_out():
    screen = io.StringIO()
    shows = RunConsole(Console(file=screen), {"dedup": 1, "tokenize": 2})
    shows.on_progress(Progress("dedup", 9, 9, 1, seconds=2.1, finished=True))
    shows.end_step("dedup", 121_171, 1)
    shows.on_progress(Progress("tokenize", 9, 9, reused=True, finished=True))
    shows.end_step("tokenize", None, None)
    lines = [line.split() for line in screen.getvalue().splitlines()]
    assert lines == [["dedup", "✓", "121,171", "->", "1", "row", "2.1", "s"], ["tokenize", "=", "unchanged"]]


@pytest.mark.parametrize(("bytes_", "speed"), [(424_000_000, "212 MB/s"), (400_000, None)])
def test_a_bar_tells_rows_and_a_speed_that_is_worth_telling(bytes_, speed):
    said = shown(Progress("dedup", 68, 100, 84_210, bytes_, 2.0), terminal=True)
    assert "68%" in said
    assert "84,210 rows" in said
    assert (speed in said) if speed else ("MB/s" not in said)


def test_without_a_terminal_a_line_comes_at_most_every_ten_seconds(monkeypatch):
    clock = iter([0.0, 4.0, 11.0, 11.0, 12.0])
    monkeypatch.setattr(console, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    events = [Progress("dedup", done, 4, rows=done) for done in (1, 2, 3)]
    assert shown(*events, terminal=False).split() == ["dedup", "50%", "2", "rows"]


def test_the_last_lines_name_one_thing_to_look_at_and_how_many_more_there_are():
    assert first_of(["8 benchmarks were not read.", "A licence is unknown."]) == (
        "8 benchmarks were not read (and 1 more in the report)"
    )
    assert first_of([]).startswith("nothing")
