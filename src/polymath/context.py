"""Kedro's context, with a catalog that opens at once."""

from typing import Any

from kedro.framework.context import KedroContext
from kedro.framework.project import pipelines

SHOWN_DOTS = 1
"""`params:finetune.train` has a place in the catalog whether or not a node reads it."""


class Context(KedroContext):
    """Kedro makes a dataset of each of some 10,000 values of the parameters, which takes a second of every command.

    Of those that lie deep, this one has those that some node reads.
    """

    def _get_parameters(self) -> dict[str, Any]:
        read = {name for pipeline in pipelines.values() for name in pipeline.inputs()}
        every = super()._get_parameters()
        return {name: value for name, value in every.items() if name.count(".") <= SHOWN_DOTS or name in read}
