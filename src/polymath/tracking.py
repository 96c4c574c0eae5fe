"""The record of a run in MLflow: parameters, metrics, inputs with our own digests, the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import CatalogProtocol


class Tracker:
    """One run's record."""

    @classmethod
    def start(cls, context: KedroContext, run_params: dict[str, Any]) -> Tracker:
        return cls()

    def note(self, step: str, dataset: str) -> None: ...

    def finish(self, catalog: CatalogProtocol) -> None: ...

    def fail(self, error: Exception) -> None: ...
