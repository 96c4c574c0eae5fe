"""Kedro datasets: thin doors to `polymath.store`. Saving a plan runs it; loading reads nothing but the manifest."""

from polymath.datasets.model import ModelDataset
from polymath.datasets.own_rows import OwnRowsDataset
from polymath.datasets.page import FileDataset, PageDataset
from polymath.datasets.rounds import RoundDataset
from polymath.datasets.shards import ChartedShardsDataset, PerhapsShardsDataset, ShardsDataset

__all__ = [
    "ChartedShardsDataset",
    "FileDataset",
    "ModelDataset",
    "OwnRowsDataset",
    "PageDataset",
    "PerhapsShardsDataset",
    "RoundDataset",
    "ShardsDataset",
]
