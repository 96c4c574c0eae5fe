"""Counts from which quality filters decide: measured once, so that thresholds change without measuring again."""

from enum import IntEnum

import numpy as np
from numba import uint8, uint64

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.hashing import BASE, hash_bytes, mix
from polymath.text.jit import BOOL, I64, U8, U64, Array, helper, kernel
from polymath.text.lines import (
    NEWLINE,
    count_ellipses,
    ends_in_ellipsis,
    find_newline,
    has_other_breaks,
    skip_space,
    trim_space,
)
from polymath.text.repetition import (
    LONGEST_RUN,
    Places,
    Table,
    Words,
    all_places,
    duplicate_run_chars,
    find,
    hash_runs,
    may_repeat,
    most_frequent,
    new_set,
    new_table,
)
from polymath.text.unicode import ALPHABETIC, CONTENT, END_PUNCTUATION, LINE_BREAK, SPACE
from polymath.text.utf8 import count_byte, count_chars, decode, last_char, longest

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""The stop words of the Gopher rules (Rae et al. 2021, 2112.11446); lower case only."""

_SHORT_LINE_CHARS = 30
_RETURN, _HASH_SIGN, _HYPHEN, _BULLET = (ord(char) for char in "\r#-•")
_NEXT_WORD = np.uint64(0xD1B54A32D192ED03)


class Signal(IntEnum):
    """What is counted. Words are cut at whitespace, a character is a code point, and lines end at newlines only."""

    WORDS = 0
    CONTENT_WORDS = 1
    """Words of which at least one character is not a symbol (datatrove's punctuation)."""
    CONTENT_WORD_CHARS = 2
    """The characters of those words."""
    HASH_SIGNS = 3
    """How often "#" occurs."""
    ELLIPSES = 4
    """"..." and "…"."""
    LINES = 5
    """Lines as `str.splitlines` makes them (at other line breaks too), and of these:"""
    BULLET_LINES = 6
    """those that begin with "-" or "•", whitespace aside,"""
    ELLIPSIS_LINES = 7
    """and those that end in an ellipsis, whitespace aside."""
    ALPHABETIC_WORDS = 8
    """Words with a letter."""
    STOP_WORDS = 9
    """How many different ones of `STOP_WORDS` occur."""
    NONBLANK_LINES = 10
    """Lines with more than whitespace, and of these:"""
    PUNCTUATED_LINES = 11
    """those whose very last character ends a sentence,"""
    SHORT_LINES = 12
    """those of at most 30 characters,"""
    DUPLICATE_NONBLANK_LINE_CHARS = 13
    """and the characters of those that stood before."""
    NEWLINES = 14
    CHARS = 15
    SPLIT_LINES = 16
    """Pieces between runs of newlines, an empty one at either edge included, and of these:"""
    DUPLICATE_SPLIT_LINES = 17
    """those that stood before,"""
    DUPLICATE_SPLIT_LINE_CHARS = 18
    """and their characters."""
    PARAGRAPHS = 19
    """Pieces between two newlines or more, the text's outer whitespace aside, and of these:"""
    DUPLICATE_PARAGRAPHS = 20
    """those that stood before,"""
    DUPLICATE_PARAGRAPH_CHARS = 21
    """and their characters."""
    TOP_2_GRAM_CHARS = 22
    """Characters of the most frequent two words in a row, with the space between, times how often they occur."""
    TOP_3_GRAM_CHARS = 23
    TOP_4_GRAM_CHARS = 24
    DUPLICATE_5_GRAM_CHARS = 25
    """Characters, whitespace aside, of runs of five words that stood before; see `repetition.duplicate_run_chars`."""
    DUPLICATE_6_GRAM_CHARS = 26
    DUPLICATE_7_GRAM_CHARS = 27
    DUPLICATE_8_GRAM_CHARS = 28
    DUPLICATE_9_GRAM_CHARS = 29
    DUPLICATE_10_GRAM_CHARS = 30


_SIGNALS = len(Signal)


def measure(strings: Strings, repetition: bool = True) -> dict[str, np.ndarray]:
    """Count every `Signal` of each value: its name in lower case -> int64[rows].

    Without `repetition` the counts from PARAGRAPHS on stay 0, in less than half the time. What datatrove 0.10.1's
    Gopher quality, Gopher repetition and FineWeb filters decide on whitespace words follows from these counts. Repeated
    pieces are found by hashes of 48 bits.
    """
    signals = _measure(*strings, unicode.classes(), _stop_word_hashes(), repetition)
    return {signal.name.lower(): signals[:, signal].copy() for signal in Signal}


def _stop_word_hashes() -> np.ndarray:
    hashes = []
    for word in STOP_WORDS:
        hashes.append(0)
        for char in word:
            hashes[-1] = (hashes[-1] * int(BASE) + ord(char) + 1) % 2**64
    return np.array(hashes, np.uint64)


@kernel(U8, I64, U8, U64, BOOL)
def _measure(data: Array, offsets: Array, classes: Array, stop_words: Array, repetition: bool) -> Array:
    rows, room = offsets.size - 1, longest(offsets) + 2
    signals = np.zeros((rows, _SIGNALS), np.int64)
    words = Words(np.zeros(room, np.uint64), _powers(room), np.zeros(room, np.int64))
    bits, table = np.empty(room, np.uint8), new_table(room)
    hashes, keys = np.empty(room, np.uint64), np.empty(room, np.uint64)
    places = Places(np.empty(room, np.int32), np.empty(room, np.int32))
    for row in range(rows):
        text, counts = data[offsets[row] : offsets[row + 1]], signals[row]
        if text.size == 0:
            continue
        _count_characters(text, counts)
        _count_words(text, classes, stop_words, words, bits, hashes, counts)
        _count_lines(text, classes, table, counts)
        if repetition:
            _count_paragraphs(text, classes, table, counts)
            _count_runs(words, table, hashes, keys, places, counts)
    return signals


@helper
def _powers(count: int) -> Array:
    powers = np.ones(count, np.uint64)
    for i in range(1, count):
        powers[i] = powers[i - 1] * BASE
    return powers


@helper
def _count_characters(text: Array, counts: Array) -> None:
    counts[Signal.CHARS] = count_chars(text)
    counts[Signal.NEWLINES] = count_byte(text, NEWLINE)
    counts[Signal.HASH_SIGNS] = count_byte(text, _HASH_SIGN)
    counts[Signal.ELLIPSES] = count_ellipses(text)


@helper
def _count_words(
    text: Array, classes: Array, stop_words: Array, words: Words, bits: Array, hashes: Array, counts: Array
) -> None:
    """Count words; leave what they are in `words` and their hashes in `hashes`."""
    count, ends = _split_at_space(text, classes, words, bits), words.ends
    hash_runs(words, count, 1, hashes)
    content, content_chars, alphabetic = 0, 0, 0
    for i in range(count):
        is_content = int(bits[i] & CONTENT != 0)
        content += is_content
        content_chars += is_content * (ends[i + 1] - ends[i])
        alphabetic += int(bits[i] & ALPHABETIC != 0)
    counts[Signal.WORDS] = count
    counts[Signal.CONTENT_WORDS] = content
    counts[Signal.CONTENT_WORD_CHARS] = content_chars
    counts[Signal.ALPHABETIC_WORDS] = alphabetic
    for stop_word in stop_words:
        found = False
        for i in range(count):
            found |= hashes[i] == stop_word
        counts[Signal.STOP_WORDS] += found


@helper
def _split_at_space(text: Array, classes: Array, words: Words, bits: Array) -> int:
    """Fill `words`, and `bits` with the classes that occur in each word; return how many words there are."""
    running, ends = words.running, words.ends
    count, inside, seen, chars, state = 0, 0, uint8(0), 0, uint64(0)
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        # No branch on where words end, which no processor foresees: everything is written, the end of a word moves on.
        kind = classes[code_point]
        is_word = 1 - int(kind & SPACE)
        ends[count + 1] = chars
        bits[count] = seen
        count += inside & (1 - is_word)
        behind = state * BASE + uint64(code_point) + uint64(1)
        running[chars + 1] = behind
        state = behind if is_word else state
        chars += is_word
        seen = seen | kind if is_word else uint8(0)
        inside = is_word
    ends[count + 1] = chars
    bits[count] = seen
    return count + inside


@helper
def _count_lines(text: Array, classes: Array, table: Table, counts: Array) -> None:
    newlines_only = not has_other_breaks(text)
    slots, round_, mask = new_set(table, counts[Signal.NEWLINES] + 1)
    start = 0
    while start <= text.size:
        end = find_newline(text, start)
        if end > start:
            _, seen = find(slots, round_, mask, hash_bytes(text[start:end]))
            _count_line(text[start:end], seen, classes, newlines_only, counts)
        start = end + 1
    edges = int(text[0] == NEWLINE) + int(text[text.size - 1] == NEWLINE)
    counts[Signal.SPLIT_LINES] += edges
    counts[Signal.DUPLICATE_SPLIT_LINES] += edges // 2
    if newlines_only:
        counts[Signal.LINES] = counts[Signal.NEWLINES] + 1 - int(text[text.size - 1] == NEWLINE)
    else:
        _count_lines_at_all_breaks(text, classes, counts)


@helper
def _count_line(line: Array, seen: bool, classes: Array, with_edges: bool, counts: Array) -> None:
    chars = count_chars(line)
    counts[Signal.SPLIT_LINES] += 1
    counts[Signal.DUPLICATE_SPLIT_LINES] += seen
    counts[Signal.DUPLICATE_SPLIT_LINE_CHARS] += chars * int(seen)
    first = skip_space(line, classes)
    if first == line.size:
        return
    last, _ = decode(line, last_char(line))
    counts[Signal.NONBLANK_LINES] += 1
    counts[Signal.PUNCTUATED_LINES] += classes[last] & END_PUNCTUATION != 0
    counts[Signal.SHORT_LINES] += chars <= _SHORT_LINE_CHARS
    counts[Signal.DUPLICATE_NONBLANK_LINE_CHARS] += chars * int(seen)
    if with_edges:
        _count_edges(line, first, classes, counts)


@helper
def _count_edges(line: Array, first: int, classes: Array, counts: Array) -> None:
    """Count a line whose first character, at `first`, is a bullet, or that ends in an ellipsis."""
    code_point, _ = decode(line, first)
    counts[Signal.BULLET_LINES] += (code_point == _HYPHEN) | (code_point == _BULLET)
    if counts[Signal.ELLIPSES]:
        counts[Signal.ELLIPSIS_LINES] += ends_in_ellipsis(line, classes)


@helper
def _count_lines_at_all_breaks(text: Array, classes: Array, counts: Array) -> None:
    """Count lines as `str.splitlines` makes them: slower, for the few texts with breaks other than newlines."""
    start, i = 0, 0
    while start < text.size:
        end, behind = i, text.size
        if i < text.size:
            code_point, behind = decode(text, i)
            i = behind
            if not classes[code_point] & LINE_BREAK:
                continue
            if code_point == _RETURN and behind < text.size and text[behind] == NEWLINE:
                behind += 1
        line = text[start:end]
        counts[Signal.LINES] += 1
        first = skip_space(line, classes)
        if first < line.size:
            _count_edges(line, first, classes, counts)
        start = i = behind


@helper
def _count_paragraphs(text: Array, classes: Array, table: Table, counts: Array) -> None:
    text = text[: trim_space(text, classes)]
    text = text[skip_space(text, classes) :]
    slots, round_, mask = new_set(table, counts[Signal.NEWLINES] + 1)
    start, i = 0, 0
    while start <= text.size:
        end = find_newline(text, i)
        i = end
        while i < text.size and text[i] == NEWLINE:
            i += 1
        if i == end + 1:
            continue
        paragraph = text[start:end]
        _, seen = find(slots, round_, mask, hash_bytes(paragraph))
        counts[Signal.PARAGRAPHS] += 1
        counts[Signal.DUPLICATE_PARAGRAPHS] += seen
        counts[Signal.DUPLICATE_PARAGRAPH_CHARS] += count_chars(paragraph) * int(seen)
        start = i if end < text.size else text.size + 1


@helper
def _count_runs(words: Words, table: Table, hashes: Array, keys: Array, places: Places, counts: Array) -> None:
    """Count what runs of two words and more repeat. `hashes` are those of the words; `keys` and `places` are scratch."""
    count, ends, rows = counts[Signal.WORDS], words.ends, places.rows
    for i in range(count):
        keys[i] = hashes[i]
    number = all_places(places, count - 1)
    for n in range(2, min(4, count) + 1):
        # A run whose beginning does not repeat does not repeat either: it has no place any more.
        while number > 0 and rows[number - 1] + n > count:
            number -= 1
        for p in range(number):
            i = rows[p]
            keys[i] = mix(keys[i] * _NEXT_WORD + hashes[i + n - 1])
        times, first, number = most_frequent(table, keys, places, number)
        chars = ends[first + n] - ends[first] + n - 1
        counts[Signal.TOP_2_GRAM_CHARS + n - 2] = chars * times
    if count >= 5:
        number = may_repeat(words, count, table, places, 5)
    for n in range(5, min(LONGEST_RUN, count) + 1):
        counts[Signal.DUPLICATE_5_GRAM_CHARS + n - 5] = duplicate_run_chars(words, count, table, places, number, n)
