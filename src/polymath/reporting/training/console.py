"""The last lines of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polymath.reporting.summary import first_of, nearby
from polymath.training.losses import perplexity
from polymath.training.trained import STAGES

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from polymath.datasets import FileDataset
    from polymath.training.trained import Trained


def print_training(catalog: CatalogProtocol, stage: str) -> None:
    """What a stage has trained, what it learnt of each task, where it lies, what comes next."""
    from rich.console import Console
    from rich.markup import escape

    trained: Trained = catalog.load(STAGES[stage])
    page: FileDataset = catalog[f"{stage}_page"]
    result, run = trained.result, trained.job.run
    first, last = result["first"], result["validation"]
    told = {
        "trained": f"{run.name}: {result['parameters']:,} parameters, {result['step']:,} steps, {result['tokens']:,} tokens "
        f"in {result['seconds']:,.0f} s"
    }
    if first and last:
        told["learnt"] = f"validation loss {first['all']:.2f} -> {last['all']:.2f}, perplexity {perplexity(last['all']):,.0f}"
        tasks = (f"{name} {first[name]:.2f} -> {loss:.2f}" for name, loss in last.items() if name != "all" and name in first)
        told["by task"] = ", ".join(tasks)
    told["look at"] = first_of(page.notices) if page.notices else "nothing stands out"
    told["report"] = str(nearby(page.page))
    told["model"] = str(nearby(trained.model))
    told["next"] = "kedro chat, kedro run --pipeline=evaluate"
    console = Console(highlight=False)
    console.print()
    for name, text in told.items():
        console.print(f"[bold]{name:<9}[/bold] {escape(text)}", soft_wrap=True)
