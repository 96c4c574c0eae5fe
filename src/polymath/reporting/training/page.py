"""A training run as one page that needs nothing else, in the data card's own dress."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from polymath.engine.contract import Piece
from polymath.planning.memory import GIB
from polymath.reporting.card.page import TEMPLATES as CARD
from polymath.reporting.card.page import environment as card_environment
from polymath.reporting.training.curves import draw_losses
from polymath.training.config import RunConfig
from polymath.training.losses import perplexity
from polymath.training.trained import Trained
from polymath.training.words import model_flops_share, told_count

TEMPLATES = Path(__file__).parent / "templates"


def write_page(trained: Trained, rank_bytes: float) -> Piece:
    """The page as a table of one row (`page`), and what needs a look. `rank_bytes`: what each rank was reckoned to hold."""
    run, result, log = trained.job.run, trained.result, trained.log()
    found = notices(run, result)
    page = (
        environment()
        .get_template("training.html")
        .render(
            run=run,
            result=result,
            drawing=draw_losses(log),
            tasks=_tasks(result),
            perplexity=perplexity(result["validation"]["all"]) if result["validation"] else None,
            pace=_pace(run, log, result),
            reckoned=rank_bytes / GIB,
            notices=found,
            key=run.key[:12],
        )
    )
    return Piece(pa.table({"page": [page.strip() + "\n"]}), {"slots": {}, "notices": found})


def notices(run: RunConfig, result: dict[str, Any]) -> list[str]:
    """What a person should look at before trusting the model."""
    found = []
    first, last = result["first"], result["validation"]
    worse = [task for task, loss in last.items() if task in first and loss > first[task]]
    if worse:
        found.append(f"The validation loss of {', '.join(worse)} is higher than before the first step.")
    if result["step"] < result["steps"]:
        found.append(f"Training stopped at step {result['step']:,} of {result['steps']:,}: validation was no better for long.")
    if not result["packed"]:
        found.append("Its architecture lets packed documents see each other, so it was trained on one document a row.")
    unstated = [name for name, licence in run.mix.licences.items() if licence == "not stated"]
    if unstated:
        found.append(f"The licence of {', '.join(unstated)} is not stated.")
    return found


def _tasks(result: dict[str, Any]) -> list[dict[str, Any]]:
    """A row for each task: loss before and after, and perplexity."""
    first = result["first"]
    return [
        {"task": task, "before": first.get(task), "after": loss, "perplexity": perplexity(loss)}
        for task, loss in result["validation"].items()
        if task != "all"
    ]


def _pace(run: RunConfig, log: list[dict[str, Any]], result: dict[str, Any]) -> dict[str, Any]:
    """Tokens a second over the steps, the share of the GPUs' peak, and the most memory that the first rank held, GiB."""
    steps = [line for line in log if "loss" in line]
    whole = {"tokens": sum(line["tokens"] for line in steps), "seconds": sum(line["seconds"] for line in steps)}
    speed = whole["tokens"] / whole["seconds"] if whole["seconds"] else 0.0
    return {"speed": speed, "mfu": model_flops_share(whole, run), "memory": result["memory_mb"] / 1024}


@cache
def environment() -> Environment:
    """The card's, with our template beside its own."""
    made = card_environment().overlay(loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(CARD)]))
    made.filters = {**made.filters, "big": told_count}
    return made
