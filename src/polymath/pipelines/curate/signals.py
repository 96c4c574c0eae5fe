"""Signals: what is measured once on every record, so that thresholds can be moved without reading a text again.

A signal is a number (or a yes or no) per record. Filters (`filters.py`) and moves are functions of signals alone.
"""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from polymath.config import Config
from polymath.pipelines.curate.languages import languages_of
from polymath.pipelines.curate.turns import conversation_signals
from polymath.records import TEXT_FIELDS
from polymath.store.shards import Shard
from polymath.tasks import TASKS
from polymath.tasks.task import flat
from polymath.text import phrases, scripts, words
from polymath.text.buffers import as_strings
from polymath.text.sentences import count_char, count_sentences
from polymath.text.signals import Signal, measure
from polymath.text.unicode import SCRIPTS, UNSPACED

VERSION = 3
MIN_LETTERS = 20
"""Below this many letters on either side, the scripts of a prompt and its reply are not compared."""
COUNTED = ("context", "prompt", "reply", "text")
"""Fields whose words and characters are counted."""
NAMES = (
    *(signal.name.lower() for signal in Signal),
    *"spaced curly_brackets holds_lorem_ipsum sentences code_lines code_share".split(),
    *(f"has_{name}" for name in TEXT_FIELDS),
    *(f"{name}_{unit}" for name in COUNTED for unit in ("words", "characters")),
    *"reply_is_empty reply_is_placeholder reply_is_prompt refuses ends_open footer_noise prompt_is_empty".split(),
    *"other_script sides_equal asks_summary turns wrong_role_order empty_turn".split(),
)
"""Every signal that is measured, by name."""

Columns = dict[str, np.ndarray]


class SignalsConfig(Config):
    """What is measured. A change here measures again; thresholds live in the recipes."""

    repetition: bool = True
    """Measure repeated lines and n-grams of the judged text (half of the time that signals take)."""
    language: Literal["model", "script", "none"] = "model"
    """`model`: by script where a script has one language, else fastText on at most 200 characters; `script`: the first part."""
    placeholders: tuple[str, ...] = phrases.PLACEHOLDERS
    """Replies that say nothing, lower-cased and trimmed."""


def measure_shard(shard: Shard, config: SignalsConfig) -> pa.Table:
    """All signals of one record shard, row for row, with the task, source and tier that they are judged by.

    `language` is a code of ISO 639, `script` one of ISO 15924 (`Thai`, `Latn`): that of most letters of the judged text, null
    where it has none.
    """
    records = shard.read()
    columns: Columns = {}
    for measured in (_prose(records, config), _lengths(records), _replies(records, config), conversation_signals(records)):
        columns |= measured
    main = columns.pop("script")
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    for name in ("tier", "task", "source"):
        table = table.add_column(0, name, records[name])
    script = pa.DictionaryArray.from_arrays(pa.array(main, pa.int8(), mask=main == 0), pa.array(SCRIPTS))
    return table.append_column("language", languages_of(records, config.language)).append_column("script", script)


def judged_text(records: pa.Table) -> pa.Array:
    """The text that carries each record's worth: the field that its task names (`Task.judged`)."""
    tasks = pc.unique(records["task"]).to_pylist()
    fields = {TASKS[task].judged for task in tasks}
    if len(fields) == 1:
        return flat(records[fields.pop()])
    column = pa.nulls(len(records), pa.string())
    for task in tasks:
        column = pc.if_else(pc.equal(records["task"].cast(pa.string()), task), flat(records[TASKS[task].judged]), column)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _prose(records: pa.Table, config: SignalsConfig) -> Columns:
    """Gopher's, FineWeb's and C4's counts of the judged text, its script, and how much of it looks like code."""
    text = judged_text(records)
    strings = as_strings(text)
    columns = measure(strings, repetition=config.repetition)
    main = scripts.main_scripts(strings)
    columns["script"] = main
    columns["spaced"] = ~np.isin(main, [SCRIPTS.index(name) for name in (*UNSPACED, "Jpan")])
    nothing = np.zeros(len(records), np.int64)
    # Sentences and brackets are looked for in plain text, lines of code in replies: neither filter asks for the other.
    plain = TASKS[records["task"][0].as_py()].shape == "text" if len(records) else True
    columns["curly_brackets"] = count_char(strings, "{") if plain else nothing
    columns["holds_lorem_ipsum"] = _holds(text, r"(?i)lorem ipsum")
    columns["sentences"] = count_sentences(strings) if plain else nothing
    columns["code_lines"] = nothing if plain else _count_pattern(text, phrases.CODE_LINE)
    columns["code_share"] = columns["code_lines"] / np.maximum(columns["nonblank_lines"], 1)
    return columns


def _lengths(records: pa.Table) -> Columns:
    """Which fields are there, and the words and characters of the main ones (without spaces, characters are what counts)."""
    columns: Columns = {f"has_{name}": records[name].is_valid().to_numpy() for name in TEXT_FIELDS}
    for name in COUNTED:
        values = flat(records[name])
        columns[f"{name}_words"] = words.count_words(as_strings(values))
        columns[f"{name}_characters"] = pc.fill_null(pc.utf8_length(values), 0).to_numpy(zero_copy_only=False)
    return columns


def _replies(records: pa.Table, config: SignalsConfig) -> Columns:
    """What is wrong with replies: empty, a placeholder, the question again, a refusal, cut off, with a page's footer."""
    reply = pc.coalesce(flat(records["reply"]), flat(records["chosen"]))
    prompt = flat(records["prompt"])
    bare = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(reply, "")))
    asked = pc.utf8_lower(pc.utf8_trim_whitespace(pc.fill_null(prompt, "")))
    end = pc.utf8_slice_codeunits(bare, -200)
    worse = pc.utf8_trim_whitespace(records["rejected"])
    replied = pc.is_valid(reply)
    return {
        "reply_is_empty": _both(replied, pc.equal(bare, "")) | _bools(pc.equal(worse, "")),
        "reply_is_placeholder": _both(replied, pc.is_in(bare, pa.array(config.placeholders))),
        "reply_is_prompt": _both(replied, pc.and_(pc.equal(bare, asked), pc.greater(pc.utf8_length(asked), 0))),
        "refuses": _holds(pc.utf8_slice_codeunits(bare, 0, 240), phrases.REFUSAL),
        "ends_open": _both(replied, pc.invert(pc.match_substring_regex(end, phrases.CLOSED_END))),
        "footer_noise": _holds(end, phrases.FOOTER),
        "prompt_is_empty": _both(pc.is_valid(prompt), pc.equal(asked, "")),
        "other_script": _other_script(prompt, reply),
        "sides_equal": _bools(pc.equal(pc.utf8_trim_whitespace(records["chosen"]), worse)),
        "asks_summary": _holds(pc.utf8_slice_codeunits(asked, 0, 120), phrases.ASKS_SUMMARY),
    }


def _other_script(prompt: pa.Array, reply: pa.Array) -> np.ndarray:
    """The reply is written in another script than the prompt, which does not speak of a language or a translation."""
    asked, answered = as_strings(prompt), as_strings(reply)
    letters = [scripts.count_letters(side)[:, 1:] for side in (asked, answered)]
    long_enough = np.minimum(*(each.sum(axis=1) for each in letters)) >= MIN_LETTERS
    # Japanese mixes scripts, so a reply counts as another script only when it has next to no letters of the prompt's.
    rows = np.arange(len(asked.offsets) - 1)
    shared = letters[1][rows, letters[0].argmax(axis=1)]
    return long_enough & (shared * 20 < letters[1].sum(axis=1)) & ~_holds(prompt, phrases.ASKS_LANGUAGE)


def _holds(text: pa.Array, pattern: str) -> np.ndarray:
    return _bools(pc.match_substring_regex(text, pattern))


def _count_pattern(text: pa.Array, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.count_substring_regex(text, pattern), 0).to_numpy(zero_copy_only=False)


def _both(left: pa.Array, right: pa.Array) -> np.ndarray:
    return _bools(pc.and_(left, right))


def _bools(mask: pa.Array | pa.ChunkedArray) -> np.ndarray:
    mask = pc.fill_null(mask, False)
    return mask.to_numpy() if isinstance(mask, pa.ChunkedArray) else mask.to_numpy(zero_copy_only=False)
