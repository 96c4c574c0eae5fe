"""The language of each record: what its source declares, else what its script says, else a model."""

import pyarrow as pa
import pyarrow.compute as pc

from polymath.tasks import TASKS
from polymath.text.languages import tell_languages


def languages_of(records: pa.Table, by: str) -> pa.DictionaryArray:
    """Two- or three-letter codes, null where there are no letters or nothing tells."""
    declared = records["language"].cast(pa.string()).combine_chunks()
    if by == "none" or not declared.null_count:
        return declared.dictionary_encode()
    open_rows = pc.is_null(declared)
    told = tell_languages(_text_of(records).filter(open_rows), model=by == "model")
    return pc.replace_with_mask(declared, open_rows, told).dictionary_encode()


def _text_of(records: pa.Table) -> pa.Array:
    """The dedup text of each record: what is its own, without shared contexts."""
    task = TASKS[records["task"][0].as_py()] if len(records) else TASKS["text"]
    return task.dedup_text(records)
