"""A trained model as a Kedro dataset: saving a training carries it out, in processes of its own."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.datasets.previews import HTMLPreview, said
from polymath.engine.progress import Progress, tell
from polymath.training.checkpoints import step_of
from polymath.training.launch import Score, launch
from polymath.training.trained import Trained, Training, point_to
from polymath.training.words import announcement, pace, remark

STEP = "train"


class ModelDataset(AbstractDataset[Sequence[Training], Trained | None]):
    """Saved from a chain of trainings, which run then, or go on from their last checkpoint; loaded as what came of the last."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """`filepath`: the folder that has a folder for each run."""
        self._path = self.folder = Path(filepath)
        self.metadata = metadata

    def load(self) -> Trained | None:
        """The run that was trained last; None where there is none, since evaluate takes other models too."""
        return Trained.find(self._path)

    def save(self, data: Sequence[Training]) -> None:
        """Train, one after another; what stands there under the same key is not trained again."""
        steps = sum(training.run.steps for training in data)
        started, done, trained = time.monotonic(), 0, 0
        for training in data:
            job = training.job(self._path)
            if not Trained(job.folder).is_whole(training.run.key):
                tell(Progress(STEP, done, steps, news=announcement(training)))
                launch(job, _teller(training, done, steps), _scorer(training, done, steps))
                trained += 1
            else:
                _say_unscored(training, Trained(job.folder), done, steps)
            point_to(self._path, training.run.key)
            done += training.run.steps
        seconds = time.monotonic() - started if trained else 0.0
        tell(Progress(STEP, steps, steps, reused=not trained, seconds=seconds, finished=True))

    def _exists(self) -> bool:
        return Trained.find(self._path) is not None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}

    def preview(self) -> HTMLPreview:
        """What came of the run, for Kedro-Viz."""
        trained = self.load()
        assert trained is not None, "Kedro-Viz shows what exists"
        result = trained.result
        facts = {
            "parameters": f"{result['parameters']:,}",
            "steps": f"{result['step']:,}",
            "tokens were seen": f"{result['tokens']:,}",
            "was the validation loss": f"{result['validation'].get('all', float('nan')):.3f}",
        }
        return said(facts, [f"The model lies in {trained.model}."])


def _teller(training: Training, done: int, steps: int) -> Callable[[dict[str, Any]], None]:
    """Hands on what a rank says; `done`: steps of the chain before this run's."""

    def told(facts: dict[str, Any]) -> None:
        place = done + facts.get("step", 0)
        tell(Progress(STEP, place, steps, status=pace(facts, training.run), told=remark(facts)))

    return told


def _scorer(training: Training, done: int, steps: int) -> Score | None:
    """Scores a checkpoint, and says so: the bar stands still meanwhile."""
    scorer = training.scorer
    if scorer is None:
        return None

    def score(checkpoint: Path) -> dict[str, Any]:
        tell(Progress(STEP, done + step_of(checkpoint), steps, status=f"scoring {', '.join(scorer.names)}"))
        return scorer.score(checkpoint)

    return score


def _say_unscored(training: Training, trained: Trained, done: int, steps: int) -> None:
    """A run that is not trained again is not scored either: its checkpoints may be gone."""
    missing = set(training.scorer.names) - set(trained.result.get("scores", {})) if training.scorer else set()
    if missing:
        names = ", ".join(sorted(missing))
        news = f"{trained.name} was trained before: {names} is for evaluate to score (evaluate.checkpoints)"
        tell(Progress(STEP, done, steps, news=news))
