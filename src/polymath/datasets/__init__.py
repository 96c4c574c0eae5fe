"""Kedro datasets: thin doors to `polymath.store`. Saving a plan runs it; loading reads nothing but the manifest."""

from polymath.datasets.page import PageDataset
from polymath.datasets.shards import ChartedShardsDataset, ShardsDataset

__all__ = ["ChartedShardsDataset", "PageDataset", "ShardsDataset"]
