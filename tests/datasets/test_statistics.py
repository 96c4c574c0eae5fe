"""The file of numbers that Kedro-Viz shows beside a dataset."""

import json

import pyarrow as pa
from kedro.io import DataCatalog, MemoryDataset

from polymath.datasets import ShardsDataset
from polymath.datasets.statistics import write_statistics
from tests.pipelines.curate.made import folder_of


def test_rows_columns_and_bytes_of_what_is_made_are_written(tmp_path):
    made = folder_of(tmp_path / "made", {"one": pa.table({"a": [1, 2], "b": [3, 4]}), "two": pa.table({"a": [5], "b": [6]})})
    datasets = {"made": ShardsDataset(str(made.path)), "absent": ShardsDataset(str(tmp_path / "no")), "other": MemoryDataset()}
    write_statistics(DataCatalog(datasets), tmp_path / ".viz" / "stats.json")
    found = json.loads((tmp_path / ".viz" / "stats.json").read_text())
    assert found == {"made": {"rows": 3, "columns": 2, "file_size": made.bytes}}
