"""Progress as events: engines tell, whoever is interested listens (the console, the run's record)."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a step is. Sizes are in the plan's own unit (rows or bytes); they only weigh the bar."""

    step: str
    done: int
    total: int
    rows: int = 0
    """Rows written so far."""
    bytes: int = 0
    """Bytes written so far."""
    seconds: float = 0.0
    reused: bool = False
    """Nothing had to be done: everything stood there under the same key."""
    finished: bool = False
    told: str = ""
    """Something that the person should look at, in a sentence."""
    news: str = ""
    """Something that the person may want to know."""
    status: str = ""
    """How it goes, in a few words beside the bar, where rows and MB/s say nothing."""


listeners: list[Callable[[Progress], None]] = []


def tell(event: Progress) -> None:
    """Hand the event to every listener."""
    for listener in listeners:
        listener(event)
