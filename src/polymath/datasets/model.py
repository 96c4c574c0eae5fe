"""A trained model as a Kedro dataset: saving a training carries it out, in processes of its own."""

import time
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.datasets.previews import HTMLPreview, said
from polymath.engine.progress import Progress, tell
from polymath.training.launch import launch
from polymath.training.trained import Trained, Training, point_to
from polymath.training.words import announcement, pace

STEP = "train"


class ModelDataset(AbstractDataset[Training, Trained | None]):
    """Saved from a training, which runs then, or goes on from its last checkpoint; loaded as what came of the last one."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """`filepath`: the folder that has a folder for each run."""
        self._path = self.folder = Path(filepath)
        self.metadata = metadata

    def load(self) -> Trained | None:
        """The run that was trained last; None where there is none, since evaluate takes other models too."""
        return Trained.find(self._path)

    def save(self, data: Training) -> None:
        """Train; what stands there under the same key is not trained again."""
        job, steps = data.job(self._path), data.run.steps
        if Trained(job.folder).is_whole(data.run.key):
            point_to(self._path, data.run.key)
            tell(Progress(STEP, steps, steps, reused=True, finished=True))
            return
        started = time.monotonic()
        tell(Progress(STEP, 0, steps, news=announcement(data)))
        launch(job, lambda facts: tell(Progress(STEP, facts.get("step", 0), steps, status=pace(facts, data.run))))
        point_to(self._path, data.run.key)
        tell(Progress(STEP, steps, steps, seconds=time.monotonic() - started, finished=True))

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
