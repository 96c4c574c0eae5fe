"""Rows that the models of a project wrote, as a Kedro dataset whose files are a source like any other."""

import json
from pathlib import Path
from typing import Any

from polymath.datasets.shards import ShardsDataset
from polymath.engine.contract import Plan
from polymath.store.shards import Format

DIGITS = 12


class OwnRowsDataset(ShardsDataset):
    """As ShardsDataset; and a JSON Lines file of the rows for each time that they were others, never written over."""

    def __init__(self, filepath: str, rows: str, form: Format = "parquet", metadata: dict[str, Any] | None = None) -> None:
        """`rows`: the folder of the files."""
        super().__init__(filepath, form, metadata)
        self._rows = Path(rows)

    def save(self, data: Plan) -> None:
        """Run the plan, and leave its rows where a source finds them; no file where there are none."""
        super().save(data)
        folder = self.load()
        path = self._rows / f"{folder.digest[:DIGITS]}.jsonl"
        if not folder.rows or path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.tmp")
        lines = (json.dumps(row, ensure_ascii=False) for table in folder.tables() for row in table.to_pylist())
        temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        temporary.replace(path)

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "rows": str(self._rows)}
