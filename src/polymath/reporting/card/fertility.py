"""Part 4: how well the tokenizer fits each language; where it does not, its texts cost many tokens and teach little."""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from polymath.pipelines.curate.concepts import FIELDS
from polymath.pipelines.curate.signals import judged_text
from polymath.reporting.card.inputs import Data
from polymath.reporting.card.reading import read_tokenizer
from polymath.reporting.card.sample import Draw, Row, by_value, luck
from polymath.text.buffers import as_strings
from polymath.text.words import count_words

TEXTS = 150
"""Records of each language that are measured,"""
CHARACTERS = 2000
"""and of each at most so much."""
FEW = 20
"""Languages with fewer kept records are left out."""
# A word of English costs a good tokenizer 1.2 to 1.5 tokens; above 3 it is spelled rather than read (Rust 2021, 2012.15613).
# Scripts without spaces: a token should hold more than one character, and a byte-level one that never saw them takes 3 each.
MANY_PER_WORD, MANY_PER_CHARACTER = 3.0, 1.2


@dataclass(frozen=True)
class Fertility:
    """What one language costs."""

    language: str
    records: int
    """Kept ones."""
    bytes_per_token: float
    per_word: float | None
    """Tokens per word; None where words are not cut by spaces."""
    per_character: float

    @property
    def is_bad(self) -> bool:
        """The tokenizer spells this language rather than reading it."""
        return self.per_character > MANY_PER_CHARACTER if self.per_word is None else self.per_word > MANY_PER_WORD


@dataclass(frozen=True)
class Drawn:
    """Records by which the languages are measured."""

    draw: Draw
    """Some kept records of each language."""
    records: Mapping[str, int]
    """How many there are."""
    spaced: Mapping[str, bool]
    """Whether most are of words cut by spaces."""

    @property
    def languages(self) -> list[str]:
        """Those that are measured, the one with most records first."""
        names = sorted(self.draw.labels, key=lambda name: (-self.records[name], name))
        return [name for name in names if self.records[name] >= FEW]

    @property
    def rows(self) -> list[Row]:
        """All that are measured."""
        return [row for language in self.languages for row in self.draw.drawn(language)]


def fertilities(data: Data, drawn: Drawn) -> list[Fertility]:
    """The languages of the kept records, the commonest first; measured on the records' own text, without the prompt's frame."""
    tokenizer = read_tokenizer(data["tokenizer"].read(["definition"])["definition"][0].as_py())
    found = []
    for language, text in _texts(data, drawn).items():
        tokens = sum(len(each.ids) for each in tokenizer.encode_batch_fast(text.to_pylist(), add_special_tokens=False))
        words = int(count_words(as_strings(text)).sum()) if drawn.spaced[language] else 0
        found.append(fertility(language, drawn.records[language], text, tokens, words))
    return found


def fertility(language: str, records: int, text: pa.Array, tokens: int, words: int) -> Fertility:
    """The figures of texts that became `tokens` tokens; no words, where they are not cut by spaces."""
    size = pc.sum(pc.binary_length(text)).as_py() or 0
    characters = pc.sum(pc.utf8_length(text)).as_py() or 0
    per_word = tokens / words if words else None
    return Fertility(language, records, size / max(tokens, 1), per_word, tokens / max(characters, 1))


def draw_records(data: Data) -> Drawn:
    """Some kept records of each language, spread over all shards."""
    draw, records, spaces = Draw(TEXTS), Counter[str](), Counter[str]()
    shards = zip(data["text_signals"].shards, data["split_decisions"].shards, strict=True)
    for number, (signals, decisions) in enumerate(shards):
        table = signals.read(["language", "spaced"])
        kept, spaced = decisions.read(["kept"])["kept"].to_numpy(), table["spaced"].to_numpy()
        rank = luck(signals.name, signals.rows)
        for name, rows in by_value(table["language"]):
            mine = rows[kept[rows]]
            draw.offer(name, number, mine, rank[mine])
            records[name] += len(mine)
            spaces[name] += int(spaced[mine].sum())
    return Drawn(draw, records, {name: 2 * spaces[name] > count for name, count in records.items()})


def _texts(data: Data, drawn: Drawn) -> dict[str, pa.Array]:
    """The beginnings of the records that were drawn."""
    wanted = sorted((row.shard, row.row, language) for language in drawn.languages for row in drawn.draw.drawn(language))
    parts: dict[str, list[pa.Array]] = {language: [] for language in drawn.languages}
    for shard, group in itertools.groupby(wanted, key=lambda each: each[0]):
        rows, names = zip(*((row, language) for _, row, language in group), strict=True)
        text = judged_text(data.records.take(shard, rows, FIELDS)).cast(pa.large_string())
        for language in set(names):
            parts[language].append(text.filter(pa.array([name == language for name in names])))
    joined = {language: pa.concat_arrays(texts) for language, texts in parts.items()}
    return {name: pc.utf8_slice_codeunits(pc.fill_null(text, ""), 0, CHARACTERS) for name, text in joined.items()}
