"""Instruct: one instruction, sometimes with an input, and the response."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from polymath.tasks.task import Task, joined
from polymath.text.buffers import as_strings
from polymath.text.ngram_index import CHARS_PER_WORD
from polymath.text.scripts import main_scripts
from polymath.text.unicode import SCRIPTS, UNSPACED
from polymath.text.words import count_words

LONG_WORDS = 40
"""Instructions and inputs of more words than this stand in a dedup text as one word."""


class _Instruct(Task):
    def dedup_text(self, records: pa.Table) -> pa.Array:
        """Prompt and reply; where there is an input, all three, the long ones of prompt and input as one word each.

        Thousands of records share one long instruction and differ in a short input; others share one long passage and differ in
        the instruction. Compared in full, either would be near-duplicates: shared parts make groups, not duplicates.
        """
        prompt, context, reply = (records[name].combine_chunks() for name in ("prompt", "context", "reply"))
        alone = context.is_null()
        return joined([pc.if_else(alone, prompt, _abridged(prompt)), _abridged(context), reply], "\n")


def _abridged(texts: pa.Array) -> pa.Array:
    """Long texts replaced by one word, a digest of them; others as they are."""
    rows = pa.array(np.flatnonzero(_words(texts) > LONG_WORDS))
    words = [f"x{xxhash.xxh3_64_hexdigest(text.encode())}" for text in texts.take(rows).to_pylist()]
    return pc.replace_with_mask(texts, pc.is_in(pa.array(np.arange(len(texts))), rows), pa.array(words, pa.string()))


def _words(texts: pa.Array) -> np.ndarray:
    """int64[n]: words; in scripts without spaces between them, characters by how many make a word."""
    strings = as_strings(texts)
    unspaced = np.isin(main_scripts(strings), [SCRIPTS.index(script) for script in UNSPACED])
    characters = pc.fill_null(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
    return np.where(unspaced, characters // CHARS_PER_WORD, count_words(strings))


INSTRUCT = _Instruct(
    name="instruct",
    about="Follow an instruction, with or without an input.",
    needs=("prompt", "reply"),
    identity=("prompt", "context", "reply"),
    judged="reply",
)
