"""A folder of shards as a Kedro dataset."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.datasets.previews import PlotlyPreview, TablePreview, bars, counted, first_rows, noted, pivoted
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

    def preview(
        self,
        rows: int = 20,
        columns: Sequence[str] = (),
        count_by: Sequence[str] = (),
        pivot: Mapping[str, str] | None = None,
        where: Mapping[str, Any] | None = None,
        notes: str | None = None,
    ) -> TablePreview:
        """For Kedro-Viz; the catalog's `preview_args` choose what tells most of the dataset.

        `columns` of the first `rows`; or how many rows have each combination of the values of `count_by`; or the `values` of
        one column summed by the values of two others, its `index` and its `columns`, over rows that are as `where` says; or
        what the notes of the shards say, each of which is a `notes` (a track, ...).
        """
        folder = self.load()
        if count_by:
            return counted(folder, count_by, rows)
        if pivot is not None:
            return pivoted(folder, pivot["index"], pivot["columns"], pivot["values"], where or {})
        return noted(folder, notes) if notes else first_rows(folder, columns, rows)


class PerhapsShardsDataset(ShardsDataset):
    """A dataset of another pipeline that a node can do without: None where it is not made yet."""

    def load(self) -> ShardFolder | None:  # type: ignore[override]
        """The finished folder, if there is one."""
        return ShardFolder.open(self._path) if self._exists() else None


class ChartedShardsDataset(ShardsDataset):
    """A small dataset that Kedro-Viz shows as bars."""

    def preview(  # type: ignore[override]
        self, total: str, by: str, colour: str, title: str, where: Mapping[str, Any] | None = None, whole: bool = False
    ) -> PlotlyPreview:
        """A bar for each `by`: the sum of `total`, stacked by `colour`; as shares of it when `whole`. `title`: the axis's."""
        return bars(self.load(), total, by, colour, title, where or {}, whole)
