"""What a catalog holds: finished folders, and those that are left from an earlier run than their inputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from polymath.datasets.shards import ShardsDataset
from polymath.store.folder import ShardFolder

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


def finished_folders(catalog: "CatalogProtocol") -> dict[str, ShardFolder]:
    """Every dataset of shards that is made, by name."""
    datasets = {name: catalog[name] for name in catalog.keys()}  # noqa: SIM118 (a catalog is iterated by its datasets)
    return {name: each.load() for name, each in datasets.items() if isinstance(each, ShardsDataset) and each.exists()}


def stale_folders(made: Mapping[str, ShardFolder]) -> set[str]:
    """Those that were made from other inputs than stand there now: only a part of the pipeline was run after them.

    What is fitted and then kept (a tokenizer) is not stale: it is meant to outlive the inputs that it was fitted on.
    """
    return {
        name
        for name, folder in made.items()
        if not any("fitted_on" in entry.note for entry in folder.manifest.shards)
        and any(each in made and made[each].digest != digest for each, digest in folder.manifest.inputs.items())
    }
