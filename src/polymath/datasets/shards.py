"""A folder of shards as a Kedro dataset."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.engine.contract import Plan
from polymath.engine.save import save_plan
from polymath.store.folder import Manifest, ShardFolder
from polymath.store.shards import Format


class ShardsDataset(AbstractDataset[Plan, ShardFolder]):
    """Saved from a plan, which runs then; loaded as a `ShardFolder`, whose tables are read when they are asked for."""

    def __init__(self, filepath: str, form: Format = "parquet", metadata: dict[str, Any] | None = None) -> None:
        """`form`: parquet, or arrow for what is memory-mapped."""
        self._path = Path(filepath)
        self._form: Format = form
        self.metadata = metadata

    def load(self) -> ShardFolder:
        """The finished folder; a UserError when there is none."""
        return ShardFolder.open(self._path)

    def save(self, data: Plan) -> None:
        """Run the plan into the folder; what stands there under the same key is not made again."""
        save_plan(data, self._path, self._form)

    def _exists(self) -> bool:
        return Manifest.read(self._path) is not None

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "form": self._form}

    def preview(self, rows: int = 20) -> "TablePreview":
        """The first rows, for Kedro-Viz."""
        folder = self.load()
        shard = next((shard for shard in folder.shards if shard.rows), None)
        table = shard.read().slice(0, rows).to_pandas().astype(str) if shard else None
        return TablePreview(table.to_dict("split") if table is not None else {})


class TablePreview(dict[str, Any]):
    """What Kedro-Viz shows as a table: `index`, `columns`, `data`."""
