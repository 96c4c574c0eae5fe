"""The console: one line per step while a run goes on, plain lines where there is no terminal."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from polymath.engine.progress import Progress as Event
from polymath.reporting.card.words import plural

PLAIN_SECONDS = 10.0
"""Without a terminal, at most one line of progress in this time."""


@dataclass
class _StepState:
    """What is known of one step: its plans follow one another on one bar."""

    plans: int
    finished: int = 0
    seconds: float = 0.0
    work_done: bool = False
    part: float = 0.0
    bytes: int = 0
    rows: int = 0

    @property
    def share(self) -> float:
        return min((self.finished + self.part) / max(self.plans, 1), 1.0)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        rows, rate, status = task.fields["rows"], task.fields["rate"], task.fields["status"]
        if status:
            return Text(status, style="dim")
        speed = f"{rate:>6,.0f} MB/s" if rate >= 0.5 else ""  # small tables are about rows, not about bytes
        return Text(f"{plural(rows, 'row'):>16} {speed}" if rows else "", style="dim")


class _Left(TimeRemainingColumn):
    def render(self, task: Task) -> Text:
        """`00:07 left`; nothing while nobody knows."""
        return super().render(task).append(" left") if task.time_remaining is not None else Text("")


class RunConsole:
    """Shows steps as they go. `steps` maps each step to its number of plans."""

    def __init__(self, console: Console, steps: dict[str, int]) -> None:
        self.console = console
        self._states = {name: _StepState(plans) for name, plans in steps.items()}
        self._width = max((len(name) for name in steps), default=8)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last_plain = time.monotonic()

    def on_progress(self, event: Event) -> None:
        """Listen to the engine."""
        state = self._states.get(event.step)
        if state is None:
            return
        if event.told:
            self.console.print(event.told, style="yellow", highlight=False, markup=False)
        if event.news:
            self.console.print(event.news, style="dim", highlight=False, markup=False)
        state.work_done |= not event.reused
        state.rows, state.bytes = event.rows, event.bytes
        state.part = 0.0 if event.finished else event.done / max(event.total, 1)
        state.finished += event.finished
        state.seconds += event.seconds if event.finished else 0.0
        self._show(event.step, state, event)

    def end_step(self, name: str, before: int | None, after: int | None) -> None:
        """Leave one line of a finished step: what went in, what came out, how long it took."""
        self._stop_bar()
        state = self._states[name]
        if before is not None and after is not None and before != after:
            rows = f"{before:,} -> {plural(after, 'row')}"
        else:
            rows = plural(after, "row") if after is not None else ""
        mark, took = ("✓", f"{state.seconds:.1f} s") if state.work_done else ("=", "unchanged")
        self.console.print(f"{name:<{self._width}}  [green]{mark}[/green]  {rows:<32} [dim]{took}[/dim]", highlight=False)

    def close(self) -> None:
        """Take the bar away."""
        self._stop_bar()

    def _show(self, name: str, state: _StepState, event: Event) -> None:
        if not self.console.is_terminal:
            if time.monotonic() - self._last_plain >= PLAIN_SECONDS:
                self._last_plain = time.monotonic()
                said = event.status or plural(state.rows, "row")
                self.console.print(f"{name:<{self._width}}  {state.share:4.0%}  {said}", highlight=False)
            return
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"), BarColumn(bar_width=24), TaskProgressColumn(), _Speed(), _Left(compact=True)
            )  # fmt: skip
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task(f"{name:<{self._width}}", total=1.0, rows=0, rate=0.0, status="")
            self._bar.start()
        rate = state.bytes / 1e6 / event.seconds if event.seconds > 0 else 0.0
        assert self._task is not None
        self._bar.update(self._task, completed=state.share, rows=state.rows, rate=rate, status=event.status)

    def _stop_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = self._task = None
