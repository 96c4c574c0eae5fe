"""Arrow string arrays as two NumPy views: the bytes, and where each value begins and ends."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa

_NARROW = (pa.string(), pa.binary())
_PLAIN = (*_NARROW, pa.large_string(), pa.large_binary())
_CASTS = {pa.null(): pa.large_string(), pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
_TEXT_OF = {pa.binary(): pa.string(), pa.large_binary(): pa.large_string()}


class Strings(NamedTuple):
    """The UTF-8 values of an Arrow array: value i is `data[offsets[i]:offsets[i + 1]]`. A null is an empty value.

    `data` is the whole buffer even when the values are a slice of it, so offsets need not begin at 0. Kernels survive
    bytes that are not UTF-8 (they never read beyond `data`), but what they then count is not defined.
    """

    data: np.ndarray
    """uint8[bytes]"""
    offsets: np.ndarray
    """int64[rows + 1]"""

    @property
    def rows(self) -> int:
        """How many values there are."""
        return len(self.offsets) - 1


def as_strings(array: pa.Array | pa.ChunkedArray) -> Strings:
    """View text or binary values without copying their bytes; 32-bit offsets are widened, and several chunks joined."""
    array = plain_text(array)
    strings = _views(array)
    if array.null_count and np.diff(strings.offsets)[array.is_null().to_numpy(zero_copy_only=False)].any():
        # Arrow lets a null span bytes, which the offsets alone would show.
        return _views(array.fill_null(""))
    return strings


def plain_text(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Join chunks, decode dictionaries and cast views: one array of (large) strings or binaries. Or a TypeError."""
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks == 1 else array.combine_chunks()
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if array.type in _CASTS:
        array = array.cast(_CASTS[array.type])
    if array.type not in _PLAIN:
        raise TypeError(f"expected an Arrow array of text, got one of {array.type}")
    return array


def utf8_text(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    """`plain_text`, with binaries checked to be UTF-8 and taken as strings."""
    array = plain_text(array)
    if array.type in _TEXT_OF:
        array = array.cast(_TEXT_OF[array.type])
    return array


def _views(array: pa.Array) -> Strings:
    _, offsets, data = array.buffers()
    bytes_ = np.frombuffer(data or b"", np.uint8)
    if len(array) == 0:
        return Strings(bytes_, np.zeros(1, np.int64))
    starts = np.frombuffer(offsets, np.int32 if array.type in _NARROW else np.int64)
    return Strings(bytes_, starts[array.offset : array.offset + len(array) + 1].astype(np.int64, copy=False))
