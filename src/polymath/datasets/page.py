"""A page as a Kedro dataset: a shard like any other, and beside it the file that people open."""

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.engine.contract import Plan
from polymath.engine.save import save_plan
from polymath.store.folder import Manifest, ShardFolder

PAGE = "card.html"


class PageDataset(AbstractDataset[Plan, str]):
    """Saved from a plan that makes a page, which runs then; loaded as the page's HTML."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """`filepath`: the folder of the shard and of `card.html`."""
        self._path = Path(filepath)
        self.metadata = metadata

    @property
    def page(self) -> Path:
        """The file that people open."""
        return self._path / PAGE

    def load(self) -> str:
        """The page; a UserError when there is none."""
        ShardFolder.open(self._path)
        return self.page.read_text("utf-8")

    def save(self, data: Plan) -> None:
        """Run the plan, and write the file where it is missing or older than the shard."""
        from polymath.reporting.card.page import read_page

        text = read_page(save_plan(data, self._path)).encode()
        if self.page.is_file() and self.page.read_bytes() == text:
            return
        temporary = self.page.with_name(f".{PAGE}.{os.getpid()}.tmp")
        temporary.write_bytes(text)
        temporary.replace(self.page)

    def _exists(self) -> bool:
        return Manifest.read(self._path) is not None and self.page.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path)}
