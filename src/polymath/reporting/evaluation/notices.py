"""What to look at before a score is believed, and the evaluation in a few lines."""

from __future__ import annotations

from itertools import zip_longest
from statistics import fmean

from polymath.reporting.card.words import cut, listed, plural, share
from polymath.reporting.evaluation.view import SAMPLES, Rows, View
from polymath.reporting.evaluation.words import between, scored

LINE = 150
"""Characters of an answer that the console shows."""
FEW = 100
"""Items below which an interval is too wide to tell like models apart."""


def notices(view: View) -> list[str]:
    """Sentences; none where nothing stands out."""
    found = [f"{name} is left out: {why}." for name, why in view.config.left_out.items()]
    for name, (seen, items) in view.overlapping.items():
        if seen:
            found.append(
                f"{seen:,} of the {plural(items, 'item')} of {name} share {view.config.overlap_words} words in a row with the "
                "training mix: trust the score over the others."
            )
    few = [name for name, (_, items) in view.overlapping.items() if items < FEW]
    if few:
        found.append(f"{listed(few)}: fewer than {FEW} items were asked, too few to tell like models apart (evaluate.limit).")
    if view.overlapping and not view.mixed:
        found.append("There is no mix in this project, so nobody knows which items were trained on.")
    empty, answers = view.empty_answers
    if empty:
        found.append(f"{empty:,} of {plural(answers, 'answer')} to held-out prompts are empty.")
    silent = [model for model in (view.config.model, *view.config.against) if _is_silent(view, model)]
    if silent:
        found.append(f"{listed(silent)}: no chat template, so probes that are conversations were not asked.")
    return found


def _is_silent(view: View, model: str) -> bool:
    asked = {name for name, rows in view.probes.items() if any(row["model"] == model for row in rows)}
    return bool(view.probes) and len(asked) < len(view.probes)


def tell_evaluation(view: View) -> dict[str, str]:
    """The evaluation in a few lines, by what they tell of."""
    told = {"model": view.config.place}
    mine = view.config.model
    scores = [row for rows in view.benchmarks.values() for row in rows if row["model"] == mine]
    if scores:
        told["scores"] = ", ".join(f"{row['benchmark']} {scored(row)} ({between(row)})" for row in scores)
    tasks = {task: next(row for row in rows if row["model"] == mine) for task, rows in view.tasks.items()}
    if tasks:
        main = [f"{task} {scored(row['main'])}" for task, row in tasks.items() if row["main"]]
        told["held out"] = ", ".join(main) or "no task has a reply"
        told["loss"] = ", ".join(f"{task} {row['loss']['score']:.2f}" for task, row in tasks.items() if row["loss"]["items"])
    probes = [row for rows in view.probes.values() for row in rows if row["model"] == mine and row["score"] is not None]
    if probes:
        worst = min(probes, key=lambda row: row["score"])
        told["probes"] = f"{share(fmean(row['score'] for row in probes))} on average, lowest {worst['probe']} {scored(worst)}"
    if view.comparison:
        told["against"] = tell_comparison(view.comparison)
    return told


def sample_answers(view: View) -> list[dict[str, str]]:
    """Three answers to held-out prompts, of as many tasks as there are: `asked` and `answered`, a line each."""
    rounds = zip_longest(*([row for row in rows if row["answer"].strip()] for rows in view.answers.values()))
    rows = [row for some in rounds for row in some if row is not None]
    return [{"asked": _line(question_of(row["prompt"])), "answered": _line(row["answer"])} for row in rows[:SAMPLES]]


def question_of(prompt: str) -> str:
    """What was asked in a prompt, without the frame around it: its last paragraph that is more than a heading."""
    paragraphs = ["\n".join(line for line in part.splitlines() if not line.startswith("#")) for part in prompt.split("\n\n")]
    return next((part for part in reversed(paragraphs) if part.strip()), prompt)


def _line(text: str) -> str:
    return cut(" ".join(text.split()), LINE)


def tell_comparison(rows: Rows) -> str:
    """`base: better in 3, worse in 1, no more than chance in 8`."""
    parts = []
    for other in dict.fromkeys(row["against"] for row in rows):
        mine = [row for row in rows if row["against"] == other]
        better = sum(is_better(row) for row in mine)
        noise = sum(row["noise"] for row in mine)
        parts.append(f"{other}: better in {better}, worse in {len(mine) - better - noise}, no more than chance in {noise}")
    return "; ".join(parts)


def is_better(row: dict[str, object]) -> bool:
    """The model is better than the other by more than chance; of losses the lower is the better."""
    lower_is_better = row["metric"] == "bits_per_byte"
    difference = row["difference"]
    assert isinstance(difference, float)
    return not row["noise"] and (difference < 0) == lower_is_better
