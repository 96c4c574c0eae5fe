"""A text as a Kedro dataset (a page, a file of parameters): a shard like any other, and beside it the file that people open."""

import os
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from polymath.datasets.previews import HTMLPreview, said
from polymath.engine.contract import Plan
from polymath.engine.save import save_plan
from polymath.store.folder import Manifest, ShardFolder

PAGE = "card.html"
KEY_NUMBERS = {
    "rows": "rows were read",
    "records": "records were made of them",
    "kept": "records are kept",
    "near_duplicates": "are near-duplicates",
    "copies": "are exact copies",
    "leaks": "hold benchmark items",
    "tokens": "tokens stand ready for training",
}
"""Of the totals that the page's shard has noted: what Kedro-Viz shows, in the words of a sentence that the number begins."""


class FileDataset(AbstractDataset[Plan, str]):
    """Saved from a plan that makes a text, which runs then; loaded as that text."""

    def __init__(self, filepath: str, file: str, metadata: dict[str, Any] | None = None) -> None:
        """`filepath`: the folder of the shard and of `file`."""
        self._path = Path(filepath)
        self._file = file
        self.metadata = metadata

    @property
    def page(self) -> Path:
        """The file that people open."""
        return self._path / self._file

    @property
    def note(self) -> dict[str, Any]:
        """What the plan noted beside the text."""
        return ShardFolder.open(self._path).shards[0].entry.note

    @property
    def notices(self) -> list[str]:
        """What a person should look at before trusting what the page tells of."""
        found: list[str] = self.note["notices"]
        return found

    def load(self) -> str:
        """The text; a UserError when there is none."""
        ShardFolder.open(self._path)
        return self.page.read_text("utf-8")

    def save(self, data: Plan) -> None:
        """Run the plan, and write the file where it is missing or older than the shard."""
        text = whole_page(save_plan(data, self._path)).encode()
        if self.page.is_file() and self.page.read_bytes() == text:
            return
        temporary = self.page.with_name(f".{self._file}.{os.getpid()}.tmp")
        temporary.write_bytes(text)
        temporary.replace(self.page)

    def _exists(self) -> bool:
        return Manifest.read(self._path) is not None and self.page.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._path), "file": self._file}


class PageDataset(FileDataset):
    """The data card, which Kedro-Viz shows in short."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """`filepath`: the folder of the shard and of `card.html`."""
        super().__init__(filepath, PAGE, metadata)

    def preview(self) -> HTMLPreview:
        """The key numbers, what needs a look, and where the page is: for Kedro-Viz."""
        totals = self.note["totals"]
        told = {words: f"{totals[name]:,}" for name, words in KEY_NUMBERS.items()}
        return said(
            {**told, "is the digest of the mix": totals["digest"][:12]},
            [*(f"Needs a look: {notice}" for notice in self.notices), "kedro report opens the whole page."],
        )


def whole_page(folder: ShardFolder) -> str:
    """The page with its slots filled: what only this occasion says (when, how long) stands in the shard's note."""
    shard = folder.shards[0]
    page: str = shard.read(["page"])["page"][0].as_py()
    for slot, text in shard.entry.note["slots"].items():
        page = page.replace(slot, text)
    return page
