"""The last lines of a training run."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

from polymath.reporting.summary import first_of, nearby
from polymath.training.losses import perplexity
from polymath.training.trained import STAGES

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol

    from polymath.datasets import FileDataset
    from polymath.training.config import RunConfig
    from polymath.training.trained import Trained

NEXT = {"pairwise": "kedro run --pipeline=align"}
"""What comes after models that do not speak."""


def print_training(catalog: CatalogProtocol, stage: str, last: bool = True) -> None:
    """What a stage has trained, what it learnt of each task, where it lies; after the last stage of a run, what comes next."""
    from rich.console import Console
    from rich.markup import escape

    trained: Trained = catalog.load(STAGES[stage])
    page: FileDataset = catalog[f"{stage}_page"]
    result, run, chain = trained.result, trained.job.run, trained.chain
    steps, tokens, seconds = (sum(each.result[name] for each in chain) for name in ("step", "tokens", "seconds"))
    names = ", then ".join(each.job.run.name for each in chain)
    told = {
        "trained": f"{names}: {result['parameters']:,} parameters, {steps:,} steps, {tokens:,} tokens in {seconds:,.0f} s",
        **_learnt(chain),
    }
    told["look at"] = first_of(page.notices) if page.notices else "nothing stands out"
    told["report"] = str(nearby(page.page))
    told["model"] = str(nearby(trained.model))
    if last:
        told["next"] = _next(stage, run, str(nearby(trained.model)))
    console = Console(highlight=False)
    console.print()
    for name, text in told.items():
        console.print(f"[bold]{name:<9}[/bold] {escape(text)}", soft_wrap=True)


def _next(stage: str, run: RunConfig, model: str) -> str:
    """The command that goes on from the model."""
    if stage == "pretrain":
        return f"kedro run --pipeline=finetune {quote(f'--params=finetune.model.name={model}')}"
    return NEXT.get(run.objective.kind, "kedro chat, kedro run --pipeline=evaluate")


def _learnt(chain: list[Trained]) -> dict[str, str]:
    """The validation losses of each run, and from the first to the last those of each task or source."""
    results = [each.result for each in chain if each.result["first"] and each.result["validation"]]
    if not results:
        return {}
    said = ", then ".join(f"{result['first']['all']:.2f} -> {result['validation']['all']:.2f}" for result in results)
    run, last = chain[-1].job.run, results[-1]
    begun = {name: loss for result in reversed(results) for name, loss in result["first"].items()}
    named = {name: loss for name, loss in last["validation"].items() if name != "all" and name in begun}
    by = run.train.validation.by if run.objective.TRACK == "packed" else "source"
    told = ", ".join(f"{name} {begun[name]:.2f} -> {loss:.2f}" for name, loss in named.items())
    return {"learnt": f"validation loss {said}{_in_other_words(run, last)}", f"by {by}": told}


def _in_other_words(run: RunConfig, result: dict[str, Any]) -> str:
    if run.objective.kind == "next_token":
        return f", perplexity {perplexity(result['validation']['all']):,.0f}"
    found = result["measured"].get("accuracy")
    return "" if found is None else f", right on {found:.0%} of the held-out pairs"
