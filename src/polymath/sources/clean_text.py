"""Noise taken out of records as they are read: encodings, control characters, entities; personal data when asked."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.records import TEXT_FIELDS
from polymath.text import normalize, pii


class NormalizeConfig(Config):
    """What is mended in every text field. Characters are changed, never words."""

    html: bool = True
    """Turn HTML entities into characters (a source may switch it off: in code they are the text)."""
    mojibake: bool = True
    """Mend wrongly decoded text with ftfy, where a cheap scan suspects it."""


def clean_fields(table: pa.Table, config: NormalizeConfig, html: bool, masked: tuple[pii.Kind, ...]) -> pa.Table:
    """The record table with every text field normalised, and with the kinds of personal data in `masked` replaced."""

    def mend(values: pa.Array) -> pa.Array:
        values = normalize.normalize(values, html=config.html and html, mojibake=config.mojibake)
        return pii.mask(values, masked)[0] if masked else values

    for name, kind in TEXT_FIELDS.items():
        column = table[name].combine_chunks()
        if column.null_count == len(column) or pa.types.is_integer(kind):
            continue
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), _mended(column, mend))
    return table


def _mended(array: pa.Array, mend: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """The array with all its strings mended, inside lists and conversations too."""
    if pa.types.is_string(array.type):
        return mend(array)
    inner = array.flatten()
    if pa.types.is_struct(inner.type):
        parts = [pc.struct_field(inner, [number]) for number in range(inner.type.num_fields)]
        mended = pa.StructArray.from_arrays([parts[0], mend(parts[1])], fields=list(inner.type))
    else:
        mended = mend(inner)
    sizes = pc.fill_null(pc.list_value_length(array), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(sizes).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, mended, type=array.type, mask=array.is_null())
