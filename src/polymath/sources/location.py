"""Where rows come from, for sources and benchmarks alike: a hub dataset, files, web pages, or what this Python carries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import field_validator

from polymath.config import Config, Words
from polymath.errors import UserError
from polymath.sources.options import ReadOptions
from polymath.sources.pages_options import PagesOptions
from polymath.sources.rows import BEGINNING, Batch, Place


class Location(Config):
    """The part of an entry that says where its rows stand and how they are read."""

    kind: Literal["hub", "files", "pages", "embedded"]
    path: Words
    """A hub id (or a local folder like one); file names or globs below `run.files_root`; a folder of pages there; the name of
    an embedded text."""
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
    pages: PagesOptions = PagesOptions()
    """Which pages are fetched into the folder, for `kind: pages`."""
    licence: str
    """As the source states it; `unknown` when it states none."""

    @field_validator("data_files")
    @classmethod
    def _inside_the_repository(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if "://" in name or name.startswith("/") or ".." in name.split("/"):
                raise UserError(f"{name!r} leads out of its repository; name files by their path in it, or use `kind: files`")
        return value

    def batches(self, root: Path, start: Place = BEGINNING) -> Iterator[Batch]:
        """The rows from `start` on; `root` is where relative file names begin. Memory stays bounded, whatever the size."""
        if self.kind == "files":
            from polymath.sources.files import read_files

            return read_files(self.path, root, self.read, start)
        if self.kind == "pages":
            from polymath.sources.pages import read_pages

            return read_pages(self.path, root, self.read, start)
        if self.kind == "embedded":
            from polymath.sources.embedded import read_embedded

            return read_embedded(self.path[0], start)
        from polymath.sources.hub import read_hub

        self._check_folder()
        return read_hub(
            self.path[0], name=self.config, revision=self.revision, split=self.split, data_files=self.data_files, start=start
        )

    def content_digest(self, root: Path) -> str:
        """What a run key holds of the rows: the files' bytes, the hub commit, or this Python."""
        if self.kind == "files":
            from polymath.sources.files import content_digest

            return content_digest(self.path, root, self.read)
        if self.kind == "pages":
            from polymath.sources.pages import pages_digest

            return pages_digest(self.path, root, self.read)
        if self.kind == "embedded":
            from polymath.sources.embedded import embedded_digest

            return embedded_digest(self.path[0])
        from polymath.sources.hub import hub_digest

        self._check_folder()
        return hub_digest(self.path[0], revision=self.revision)

    def stamps(self, root: Path) -> dict[str, tuple[int, int]]:
        """Size and time of each file by name, where its rows stand in files."""
        if self.kind != "files":
            return {}
        from polymath.sources.files import find_files

        found = {name: path.stat() for name, path in find_files(self.path, root, self.read)}
        return {name: (status.st_size, status.st_mtime_ns) for name, status in found.items()}

    def _check_folder(self) -> None:
        """A local folder in the place of a hub id lies in the project, unless the entry says that it may lie elsewhere."""
        folder = Path(self.path[0])
        if folder.is_dir() and not self.read.outside and not folder.resolve().is_relative_to(Path.cwd().resolve()):
            raise UserError(f"{folder}: leads out of the project: set `read: {{outside: true}}` if that is meant")

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
