"""Rows, columns and size of what is made, in the file where Kedro-Viz looks for them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from polymath.datasets.finished import finished_folders
from polymath.datasets.page import FileDataset
from polymath.store.folder import ShardFolder

if TYPE_CHECKING:
    from kedro.io import CatalogProtocol


def write_statistics(catalog: "CatalogProtocol", path: Path) -> None:
    """For every finished dataset its rows, columns and bytes, as JSON at `path`; a page is one row, as large as its file."""
    found = {
        name: {"rows": folder.rows, "columns": _columns(folder), "file_size": folder.bytes}
        for name, folder in finished_folders(catalog).items()
    }
    datasets = {name: catalog[name] for name in catalog.keys()}  # noqa: SIM118 (a catalog is iterated by its datasets)
    for name, each in datasets.items():
        if isinstance(each, FileDataset) and each.exists():
            found[name] = {"rows": 1, "columns": 1, "file_size": each.page.stat().st_size}
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(found), "utf-8")
    temporary.replace(path)


def _columns(folder: ShardFolder) -> int:
    """Of the first shard, from its schema alone."""
    if not folder.shards:
        return 0
    path = folder.shards[0].path
    if path.suffix == ".parquet":
        return len(pq.read_schema(path))
    with pa.memory_map(str(path)) as source:
        return len(pa.ipc.open_file(source).schema)
