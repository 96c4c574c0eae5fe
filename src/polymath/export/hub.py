"""A Hugging Face dataset folder: Parquet files for each split, which `datasets.load_dataset` reads with their card."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from polymath.export.contents import Contents
from polymath.records import EXAMPLE

FILE_BYTES = 512 * 2**20
"""In memory; a new file begins beyond it. The hub advises files of some hundred megabytes."""
GROUP_BYTES = 32 * 2**20
"""In memory; a row group is written beyond it, so that shards of any size make groups that are read well."""
TEXTS = {
    "turns": ("system", "history", "prompt", "input", "reply", "check", "expected"),
    "pair": ("system", "history", "prompt", "input", "chosen", "rejected"),
    "text": ("text",),
}
"""Columns that hold the text of examples, by their shape."""


def write_hub(contents: Contents, folder: Path) -> Counter[str]:
    """Write `data/<split>-00000-of-00001.parquet` and so on; rows by split."""
    texts = list(
        dict.fromkeys(name for shape in ("turns", "pair", "text") if shape in contents.shapes for name in TEXTS[shape])
    )
    kinds = [EXAMPLE.field(name) for name in texts]
    schema = pa.schema([*contents.schema, *kinds])
    (folder / "data").mkdir()
    writers: dict[str, _Rolling] = {}
    rows: Counter[str] = Counter()
    for part in contents.parts():
        table = pa.table([*part.facts.columns, *part.texts(texts).columns], schema=schema)
        writers.setdefault(part.split, _Rolling(folder / "data", part.split, schema)).write(table)
        rows[part.split] += len(table)
    for writer in writers.values():
        writer.close()
    return rows


class _Rolling:
    """Parquet files of one split, each of a bounded size; they get their names when it is known how many there are."""

    def __init__(self, folder: Path, split: str, schema: pa.Schema) -> None:
        self._folder, self._split, self._schema = folder, split, schema
        self._waiting: list[pa.Table] = []
        self._file: pq.ParquetWriter | None = None
        self._files: list[Path] = []
        self._bytes = 0

    def write(self, table: pa.Table) -> None:
        self._waiting.append(table)
        if sum(each.nbytes for each in self._waiting) >= GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._end()
        for number, path in enumerate(self._files):
            path.rename(self._folder / f"{self._split}-{number:05d}-of-{len(self._files):05d}.parquet")

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        if self._file is None:
            self._files.append(self._folder / f"{self._split}-{len(self._files)}.partial")
            self._file = pq.ParquetWriter(self._files[-1], self._schema, compression="zstd")
        self._file.write_table(table, row_group_size=max(len(table), 1))
        self._bytes += table.nbytes
        if self._bytes >= FILE_BYTES:
            self._end()

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._bytes = None, 0
