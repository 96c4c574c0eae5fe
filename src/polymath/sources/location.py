"""Where rows come from, for sources and benchmarks alike: a hub dataset, files, or what this Python carries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from polymath.config import Config, Words
from polymath.errors import UserError
from polymath.sources.options import ReadOptions
from polymath.sources.rows import BEGINNING, Batch, Place


class Location(Config):
    """The part of an entry that says where its rows stand and how they are read."""

    kind: Literal["hub", "files", "embedded"]
    path: Words
    """A hub id (or a local folder like one); file names or globs below `run.files_root`; the name of an embedded text."""
    config: str | None = None
    """Which configuration of a hub dataset, e.g. `distractor`."""
    split: str = "train"
    """Which split of a hub dataset, or which one the files are; a benchmark's own split is refused as training data."""
    revision: str | None = None
    """The commit of a hub dataset that was read."""
    data_files: Words = ()
    """Files of a hub repository that has no single table, or only a loading script."""
    read: ReadOptions = ReadOptions()
    """How its files are read, where the defaults do not fit."""
    licence: str
    """As the source states it; `unknown` when it states none."""

    def batches(self, root: Path, start: Place = BEGINNING) -> Iterator[Batch]:
        """The rows from `start` on; `root` is where relative file names begin. Memory stays bounded, whatever the size."""
        if self.kind == "files":
            from polymath.sources.files import read_files

            return read_files(self.path, root, self.read, start)
        if self.kind == "embedded":
            from polymath.sources.embedded import read_embedded

            return read_embedded(self.path[0], start)
        from polymath.sources.hub import read_hub

        return read_hub(
            self.path[0], name=self.config, revision=self.revision, split=self.split, data_files=self.data_files, start=start
        )

    def content_digest(self, root: Path) -> str:
        """What a run key holds of the rows: the files' bytes, the hub commit, or this Python."""
        if self.kind == "files":
            from polymath.sources.files import content_digest

            return content_digest(self.path, root, self.read)
        if self.kind == "embedded":
            from polymath.sources.embedded import embedded_digest

            return embedded_digest(self.path[0])
        from polymath.sources.hub import hub_digest

        return hub_digest(self.path[0], revision=self.revision)

    def absent(self, root: Path) -> str | None:
        """Why the rows cannot be read here and now, in one sentence; None when they can."""
        try:
            if self.kind == "hub":
                from polymath.sources.hub import is_reachable, needs_network

                if needs_network(self.path[0], self.revision, name=self.config) and not is_reachable():
                    return f"{self.path[0]} is not in the cache, and the hub cannot be reached"
            self.content_digest(root)
        except UserError as error:
            return str(error)
        return None
