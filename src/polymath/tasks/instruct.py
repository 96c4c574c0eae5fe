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
"""An input of more words than this stands in a dedup text as one word, and so does an instruction beside an input."""


class _Instruct(Task):
    def dedup_text(self, records: pa.Table) -> pa.Array:
        """Prompt and reply; with an input, all three: a long input as one word, and so a prompt that outweighs the rest.

        Thousands of records share one instruction and differ in a short input ("Name the capital of the country." "Yemen"
        "Sanaa"); others share one long passage and differ in the instruction. Compared in full, either would be
        near-duplicates: shared parts make groups, not duplicates.
        """
        prompt, context, reply = (records[name].combine_chunks() for name in ("prompt", "context", "reply"))
        given = _abridged(context, _words(context) > LONG_WORDS)
        asked = _abridged(prompt, _words(prompt) > np.minimum(_words(given) + _words(reply), LONG_WORDS))
        return joined([pc.if_else(context.is_null(), prompt, asked), given, reply], "\n")


def _abridged(texts: pa.Array, which: np.ndarray) -> pa.Array:
    """Some of the texts (bool[n]) replaced by one word, a digest of them; the others as they are."""
    rows = pa.array(np.flatnonzero(which))
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
