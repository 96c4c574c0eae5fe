"""The parts of a reward model's page that other trainings have not: how far its rewards can be trusted."""

from __future__ import annotations

from pathlib import Path

from polymath.reporting.reward import view
from polymath.reporting.training.sections import Section
from polymath.training.judged import Judged
from polymath.training.objectives import Pairwise
from polymath.training.trained import Trained

TEMPLATES = Path(__file__).parent / "templates"
FEW_PAIRS = 100
"""Held-out pairs below which an accuracy says little."""
FAR_OFF = 0.1
"""Calibration error above which a reward's sureness says little."""


def sections_of(trained: Trained) -> list[Section]:
    """Accuracy by source and by pairs seen, calibration, length; none where no pair was held out."""
    judged = _judged(trained)
    if judged is None:
        return []
    objective = trained.job.run.objective
    assert isinstance(objective, Pairwise)
    return [
        Section.render(
            "accuracy", "How often it is right", TEMPLATES / "accuracy.html",
            rows=view.by_source(judged), drawing=view.by_pairs(trained), batch=trained.job.run.layout.batch,
        ),
        Section.render(
            "calibration", "How sure it may be", TEMPLATES / "calibration.html",
            drawing=view.by_sureness(judged), error=judged.calibration_error(), margin=objective.margin,
        ),
        Section.render(
            "length", "What length has to do with it", TEMPLATES / "length.html",
            rows=view.by_length(judged), correlation=judged.length_correlation(),
        ),
    ]  # fmt: skip


def notices_of(trained: Trained) -> list[str]:
    """What a person should look at before trusting the rewards."""
    judged = _judged(trained)
    if judged is None:
        return ["No pair was held out, so nothing tells how often it is right; raise split.validation."]
    found = []
    (every, *_), lengths = view.by_source(judged), view.by_length(judged)
    share = every.share
    if share.low <= 0.5:
        found.append(
            f"It may be guessing: it is right on {share.mean:.0%} of the held-out pairs, and the interval "
            f"({share.low:.0%} to {share.high:.0%}) holds one half."
        )
    if share.items < FEW_PAIRS:
        found.append(f"Only {share.items} pairs were held out, so its accuracy is known roughly; raise split.validation.")
    if judged.calibration_error() > FAR_OFF and share.items >= FEW_PAIRS:
        found.append(f"Its sureness is {judged.calibration_error():.0%} off on average: rewards rank replies, and say no more.")
    apart = {row.name: row.share for row in lengths}
    shorter, longer = apart.get("the shorter one"), apart.get("the longer one")
    if shorter and longer and (shorter.high < longer.low or longer.high < shorter.low):
        better = "longer" if longer.mean > shorter.mean else "shorter"
        found.append(f"It leans towards {better} replies: it is right more often where the better one is the {better}.")
    return found


def _judged(trained: Trained) -> Judged | None:
    """The held-out pairs as the model that was kept judges them."""
    judged = Judged.read(trained.folder, trained.result["step"])
    return judged if judged is not None and judged.names else None
