"""The model that the last whole round of training left, as a Kedro dataset."""

from pathlib import Path
from typing import Any

from polymath.datasets.model import ModelDataset
from polymath.store.folder import Manifest
from polymath.training.trained import Trained


class RoundDataset(ModelDataset):
    """As ModelDataset; of a round that was killed after its training, the model that it started from, so that it goes on."""

    def __init__(self, filepath: str, left: str, metadata: dict[str, Any] | None = None) -> None:
        """`left`: the folder of what a round makes last, whose manifest has the model among its inputs, as `aligned`."""
        super().__init__(filepath, metadata)
        self._left = Path(left)

    def load(self) -> Trained | None:
        """The model that a round may start from; None where no round has come to its end."""
        last = super().load()
        if last is None or self._ended(last):
            return last
        return last.chain[-2] if len(last.chain) > 1 else None

    def _ended(self, last: Trained) -> bool:
        manifest = Manifest.read(self._left)
        return manifest is not None and manifest.inputs.get("aligned") == last.digest

    def _exists(self) -> bool:
        return self.load() is not None

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "left": str(self._left)}
