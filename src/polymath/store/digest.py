"""Digests of logical values: equal tables have equal digests, whatever their chunks, their encoding or their file's bytes."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import xxhash

FILE_BLOCK = 1 << 20
HAS_NULLS = 1 << 63
SCHEME = 2
"""How tables are digested: part of every key, so that digests of another scheme are never compared with these."""


def digest_json(value: Any) -> str:
    """32 hexadecimal digits of a JSON value; keys are sorted, so the order of a mapping does not count."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return xxhash.xxh3_128_hexdigest(text.encode())


def digest_strings(values: Iterable[str]) -> str:
    """32 hexadecimal digits of an ordered list of strings, with their bounds."""
    hasher = xxhash.xxh3_128()
    for value in values:
        data = value.encode()
        hasher.update(len(data).to_bytes(8, "little"))
        hasher.update(data)
    return hasher.hexdigest()


def digest_bytes(data: bytes) -> str:
    """32 hexadecimal digits of bytes."""
    return xxhash.xxh3_128_hexdigest(data)


def digest_file(path: Path) -> str:
    """16 hexadecimal digits of a file's bytes (xxh3): it tells damage, and is read at the speed of memory."""
    hasher = xxhash.xxh3_64()
    with path.open("rb") as file:
        while block := file.read(FILE_BLOCK):
            hasher.update(block)
    return hasher.hexdigest()


def fold(text: str, salt: str) -> float:
    """A number in [0, 1) that depends on `text` and `salt` alone: for splits and shares that never move (SHA-256)."""
    return int.from_bytes(hashlib.sha256(f"{salt}\0{text}".encode()).digest()[:8], "big") / 2**64


def digest_table(table: pa.Table) -> str:
    """32 hexadecimal digits of a table's schema (names and types, no metadata) and values."""
    hasher = xxhash.xxh3_128()
    for field in table.schema:
        hasher.update(f"{field.name}:{_plain(field.type)};".encode())
    for column in table.columns:
        for array in _as_one(column):
            _update(hasher, array)
    return hasher.hexdigest()


def _as_one(column: pa.ChunkedArray) -> list[pa.Array]:
    """The column as one array, dictionaries decoded, so that neither chunks nor the dictionary's order are seen."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return [column.combine_chunks()] if column.num_chunks != 1 else [column.chunk(0)]


def _plain(kind: pa.DataType) -> str:
    """The type's name, the same for both widths of offsets: readers choose between string and large_string."""
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return str(value).replace("large_", "")


def _update(hasher: Any, array: pa.Array) -> None:
    """Hash lengths, validity and values; values under a null are not values and are not hashed."""
    kind = array.type
    # The length says too whether there are nulls: or nulls alone would hash like as many `true`.
    hasher.update((len(array) + HAS_NULLS * bool(array.null_count)).to_bytes(8, "little"))
    if array.null_count:
        hasher.update(_contiguous(pc.cast(array.is_null(), pa.uint8())))
        array = array.drop_null()
    if pa.types.is_struct(kind):
        for index in range(kind.num_fields):
            _update(hasher, array.field(index) if not array.offset else pc.struct_field(array, [index]))
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        hasher.update(_contiguous(pc.cast(pc.list_value_length(array), pa.int64())))
        _update(hasher, array.flatten())
    elif pa.types.is_fixed_size_list(kind):
        _update(hasher, array.flatten())
    elif (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    ):
        hasher.update(_contiguous(pc.cast(pc.binary_length(array), pa.int64())))
        hasher.update(_bytes_of(array))
    elif pa.types.is_boolean(kind):
        hasher.update(_contiguous(pc.cast(array, pa.uint8())))
    elif pa.types.is_dictionary(kind):
        _update(hasher, array.dictionary_decode())
    elif not pa.types.is_null(kind):
        hasher.update(_contiguous(array))


def _contiguous(array: pa.Array) -> memoryview:
    """The bytes of a fixed-width array without nulls, as far as its slice goes."""
    width = array.type.bit_width // 8
    buffer = array.buffers()[1]
    return memoryview(buffer)[array.offset * width : (array.offset + len(array)) * width] if buffer else memoryview(b"")


def _bytes_of(array: pa.Array) -> memoryview:
    """The value bytes of a string or binary array without nulls, as far as its slice goes."""
    _, offsets, data = array.buffers()
    if data is None or not len(array):
        return memoryview(b"")
    wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    bounds = memoryview(offsets).cast("q" if wide else "i")
    return memoryview(data)[bounds[array.offset] : bounds[array.offset + len(array)]]
