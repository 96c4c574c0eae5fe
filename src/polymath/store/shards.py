"""One shard: a table in one file, written to a temporary name and renamed, with its own digest and key inside."""

import functools
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from polymath.errors import UserError
from polymath.store.digest import digest_file, digest_table

T = TypeVar("T")
Format = Literal["parquet", "arrow"]
METADATA = b"polymath"
ROW_GROUP = 2048  # rows: small enough that one candidate row costs little to read again, large enough to compress


@dataclass(frozen=True)
class Entry:
    """What a manifest says of one shard."""

    name: str
    file: str
    key: str
    """Of all that made it: inputs' digests, Config, the step's version, libraries."""
    base: str
    """Of the part of the key that is not the inputs: function, version, Config, libraries."""
    rows: int = 0
    digest: str = ""
    """Of the logical values."""
    bytes: int = 0
    """Size of the file; 0 only inside the file itself, which cannot know it."""
    note: dict[str, Any] = field(default_factory=dict)
    """What the work wants to find again: where reading goes on, how many rows it saw."""
    aside: str = ""
    """Digest of the table set aside beside it (rows that could not be read), in a file of its own; empty when there is none."""
    checksum: str = ""
    """Of the file's bytes, so that damage is noticed before anything is made of it; empty inside the file itself."""
    aside_checksum: str = ""
    """Of the bytes of the file set aside."""

    @property
    def aside_file(self) -> str:
        """The file of the table set aside."""
        return f"{self.name}.aside.parquet"


@dataclass(frozen=True)
class Shard:
    """A whole shard on disk. Small to send to a worker; the table is read there."""

    folder: Path
    entry: Entry

    @property
    def name(self) -> str:
        """Its name in the folder, e.g. `squad_v2-00003`; aligned datasets use the same names."""
        return self.entry.name

    @property
    def digest(self) -> str:
        """The digest of its logical values."""
        return self.entry.digest

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return self.entry.rows

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / self.entry.file

    def read_aside(self) -> pa.Table:
        """The table set aside beside the shard."""
        path = self.folder / self.entry.aside_file
        return _intact(path, self.entry.aside_checksum, lambda: _read(path, None))

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The table, or some of its columns; Arrow files are memory-mapped. A damaged file is a `UserError` that names it."""
        return _intact(self.path, self.entry.checksum, lambda: _read(self.path, columns))

    def take(self, rows: Sequence[int], columns: Sequence[str] | None = None) -> pa.Table:
        """Some rows (ascending) of some columns, reading only the row groups that hold them."""
        if self.path.suffix == ".arrow":
            return self.read(columns).take(pa.array(rows, pa.int64()))
        return _intact(self.path, self.entry.checksum, lambda: _take(self.path, rows, columns))

    @property
    def is_sound(self) -> bool:
        """Whether every byte is as it was written; where nothing says how it was, whether every value is."""
        try:
            if self.entry.checksum:
                _intact(self.path, self.entry.checksum, lambda: None)
                if self.entry.aside:
                    _intact(self.folder / self.entry.aside_file, self.entry.aside_checksum, lambda: None)
                return True
            aside = digest_table(self.read_aside()) if self.entry.aside else ""
            return digest_table(self.read()) == self.digest and aside == self.entry.aside
        except UserError:
            return False


def write_shard(folder: Path, entry: Entry, table: pa.Table, aside: pa.Table | None = None) -> Entry:
    """Write `table` as the shard that `entry` names, and before it what is set aside, so that a shard that exists is whole.

    Returns the entry completed with rows, digests and size.
    """
    entry = replace(entry, rows=table.num_rows, digest=digest_table(table))
    if aside is not None:
        _, checksum = _write(folder / entry.aside_file, aside)
        entry = replace(entry, aside=digest_table(aside), aside_checksum=checksum)
    said = table.replace_schema_metadata({METADATA: json.dumps(asdict(entry)).encode()})
    size, checksum = _write(folder / entry.file, said)
    return replace(entry, bytes=size, checksum=checksum)


def _write(path: Path, table: pa.Table) -> tuple[int, str]:
    """To a temporary file first: the final name only ever names a whole file, on disk. Returns its size and checksum."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            if path.suffix == ".parquet":
                _write_parquet(table, file)
            else:
                with pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table.combine_chunks())
            file.flush()
            os.fsync(file.fileno())
        written = temporary.stat().st_size, digest_file(temporary)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)  # a full disk must not be kept full by what could not be finished
        error.filename = error.filename or str(path)  # what a write raises does not say where
        raise
    return written


def _intact(path: Path, checksum: str, read: Callable[[], T]) -> T:
    """What `read` gives, when the file is as it was written: Arrow itself may crash on damaged bytes."""
    try:
        status = path.stat()
        if checksum and not _has_checksum(path, status.st_size, status.st_mtime_ns, checksum):
            raise ValueError("its checksum is another")
        return read()
    except MemoryError:
        raise
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UserError(
            f"{path}: the shard is damaged or gone ({_first_line(error)}); "
            "run again with engine.verify=true to rebuild what is damaged"
        ) from error


@functools.lru_cache(maxsize=4096)
def _has_checksum(path: Path, size: int, modified_ns: int, checksum: str) -> bool:
    """Looked at once in each process, for as long as the file stays the same."""
    return digest_file(path) == checksum


def _take(path: Path, rows: Sequence[int], columns: Sequence[str] | None) -> pa.Table:
    names = list(columns) if columns is not None else None
    with _open_parquet(path) as file:
        size = file.metadata.row_group(0).num_rows if file.num_row_groups else 1
        wanted = sorted({row // size for row in rows})
        table = file.read_row_groups(wanted, columns=names, use_threads=False)
    start = {group: index * size for index, group in enumerate(wanted)}
    places = [start[row // size] + row % size for row in rows]
    return table.take(pa.array(places, pa.int64())).replace_schema_metadata(None)


def _read(path: Path, columns: Sequence[str] | None) -> pa.Table:
    if path.suffix == ".arrow":
        with pa.memory_map(str(path)) as source:
            table = pa.ipc.open_file(source).read_all()
        table = table.select(columns) if columns is not None else table
    else:
        names = list(columns) if columns is not None else None
        with _open_parquet(path) as file:
            table = file.read(columns=names, use_threads=False)
    return table.replace_schema_metadata(None)


def _open_parquet(path: Path) -> pq.ParquetFile:
    """Directly, and by its pages in memory: `read_table` looks for a folder of files first, and copies what it reads."""
    return pq.ParquetFile(path, memory_map=True, page_checksum_verification=True)


def find_shard(folder: Path, name: str, form: Format) -> Entry | None:
    """The entry of a whole shard of this name, as written inside the file; None when there is none or it cannot be read."""
    path = folder / f"{name}.{form}"
    try:
        if form == "parquet":
            metadata = pq.read_schema(path).metadata
        else:
            with pa.memory_map(str(path)) as source:
                metadata = pa.ipc.open_file(source).schema.metadata
        entry = Entry(**json.loads(metadata[METADATA]))
        if entry.aside and not (folder / entry.aside_file).exists():
            return None
        return replace(entry, bytes=path.stat().st_size, checksum=digest_file(path))
    except (OSError, ValueError, pa.ArrowException, KeyError, TypeError):
        return None


def _write_parquet(table: pa.Table, file: Any) -> None:
    """Zstd, page checksums, and dictionaries only where Arrow has them: trying them on long text costs time for nothing."""
    coded = [column.name for column in table.schema if pa.types.is_dictionary(column.type)]
    pq.write_table(
        table,
        file,
        compression="zstd",
        compression_level=1,
        use_dictionary=coded or False,
        write_statistics=False,
        write_page_checksum=True,
        row_group_size=ROW_GROUP,
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
