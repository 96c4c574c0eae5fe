"""The file of numbers that Kedro-Viz shows beside a dataset."""

import json

import pyarrow as pa
from kedro.io import DataCatalog, MemoryDataset

from polymath.datasets import FileDataset, ShardsDataset
from polymath.datasets.statistics import write_statistics
from polymath.engine.contract import Item, Piece, Plan
from tests.pipelines.curate.made import ENGINE, folder_of


def test_rows_columns_and_bytes_of_what_is_made_are_written(tmp_path):
    made = folder_of(tmp_path / "made", {"one": pa.table({"a": [1, 2], "b": [3, 4]}), "two": pa.table({"a": [5], "b": [6]})})
    datasets = {"made": ShardsDataset(str(made.path)), "absent": ShardsDataset(str(tmp_path / "no")), "other": MemoryDataset()}
    write_statistics(DataCatalog(datasets), tmp_path / ".viz" / "stats.json")
    found = json.loads((tmp_path / ".viz" / "stats.json").read_text())
    assert found == {"made": {"rows": 3, "columns": 2, "file_size": made.bytes}}


def write_greeting() -> Piece:
    return Piece(pa.table({"page": ["Grüße"]}), {"slots": {}})


def test_a_page_is_one_row_as_large_as_its_file(tmp_path):
    page = FileDataset(str(tmp_path / "page"), "page.html")
    page.save(Plan("report", write_greeting, (Item("page", (), 1),), version=1, engine=ENGINE))
    write_statistics(DataCatalog({"page": page}), tmp_path / "stats.json")
    assert json.loads((tmp_path / "stats.json").read_text()) == {"page": {"rows": 1, "columns": 1, "file_size": 7}}
