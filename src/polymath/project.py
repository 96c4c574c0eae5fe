"""A Kedro project opened for a look: its datasets and its typed parameters, without a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol

    from polymath.datasets import ModelDataset, PageDataset
    from polymath.store.folder import ShardFolder
    from polymath.training.trained import Trained


class Project:
    """What commands beside `kedro run` need of a project."""

    def __init__(self, context: KedroContext) -> None:
        """`context`: Kedro's own."""
        self.context = context
        self.path = Path(context.project_path)

    @cached_property
    def catalog(self) -> CatalogProtocol:
        """Its datasets, made once: Kedro's context takes half a second to make them anew whenever it is asked."""
        return self.context.catalog

    def load(self, dataset: str) -> ShardFolder:
        """A finished dataset by name; a UserError where there is none yet."""
        from polymath.errors import UserError

        if not self.catalog.exists(dataset):
            raise UserError(f"{dataset} is not made yet; run: kedro run --pipeline=curate")
        folder: ShardFolder = self.catalog.load(dataset)
        return folder

    def page(self, dataset: str) -> Path:
        """The file of a page that was made; a UserError where there is none yet."""
        from polymath.errors import UserError

        found: PageDataset = self.catalog[dataset]
        if not found.exists():
            raise UserError(f"{dataset} is not made yet; run: kedro run --pipeline=curate")
        return self.path / found.page

    def trained(self) -> Trained:
        """The model that was trained last of those that answer; a UserError where there is none yet."""
        from polymath.errors import UserError

        ended = self._ended(but="reward")
        if not ended:
            raise UserError("no model was trained here yet; run: kedro run --pipeline=finetune (or name one: --model PATH)")
        return ended[-1]

    def trainings(self) -> list[Trained]:
        """Every training run that was begun here, the newest last."""
        from polymath.reporting.tracing.runs import training_runs

        return training_runs([self.path / found.folder for found in self._models()])

    def training(self, word: str) -> Trained:
        """A training run by its key or the beginning of it, or by a run of `kedro runs` that trained; `last`: the one that
        ended last, else the one that was begun last. A UserError where there is none."""
        from polymath.errors import UserError
        from polymath.reporting.tracing.runs import find_training
        from polymath.tracking.record import read_records

        runs = self.trainings()
        if not runs:
            raise UserError("no model was trained here yet; run: kedro run --pipeline=finetune")
        if word == "last":
            return (self._ended() or runs)[-1]
        return find_training(runs, read_records(self.path), word)

    def _models(self, but: str | None = None) -> list[ModelDataset]:
        from polymath.training.trained import STAGES

        return [self.catalog[name] for stage, name in STAGES.items() if name in self.catalog and stage != but]

    def _ended(self, but: str | None = None) -> list[Trained]:
        """What each stage (`but` one) has trained last, the newest last."""
        found = [run for dataset in self._models(but) if (run := dataset.load()) is not None]
        return sorted(found, key=lambda run: run.ended)

    def parameters(self, name: str) -> Any:
        """A top-level entry of the parameters, as the typed Config that its step takes."""
        return self.context.params[name]


@contextlib.contextmanager
def open_project(env: str | None = None) -> Iterator[Project]:
    """The project of the working directory, or of one above it."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project
    from kedro.utils import find_kedro_project

    path = find_kedro_project(Path.cwd())
    bootstrap_project(path or Path.cwd())
    with KedroSession.create(project_path=path, env=env) as session:
        assert isinstance(session, KedroSession)
        yield Project(session.load_context())
