"""EXTEND: one function per filter. Its name is the reason that stands on the rows it removes.

A filter is a function of signals (its parameters, by name; see `signals.py`) and of keyword limits with their units in their
names, which YAML sets. It says of each record a value, and on which side of its limit the value falls. What counts words
takes `spaced` and says nothing of scripts that are written without spaces between them.
"""

from typing import NamedTuple

import numpy as np

from polymath.registry import Registry

filters = Registry("filter")

Signal = np.ndarray


class Verdict(NamedTuple):
    """What a filter says of every record."""

    value: np.ndarray
    """float64: what was measured; NaN where there is nothing to measure."""
    limit: float
    removed: np.ndarray
    """bool"""


def below(value: np.ndarray, limit: float) -> Verdict:
    """Remove what is under the limit."""
    return Verdict(value, limit, value < limit)


def above(value: np.ndarray, limit: float) -> Verdict:
    """Remove what is over the limit."""
    return Verdict(value, limit, value > limit)


def where(flag: np.ndarray) -> Verdict:
    """Remove what the signal says yes to."""
    return Verdict(flag.astype(float), 0.5, flag.astype(bool))


def ratio(part: Signal, whole: Signal) -> np.ndarray:
    """part / whole, NaN where there is no whole: NaN is neither above nor below anything."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


# --- any text ---------------------------------------------------------------------------------------------------------


@filters.register
def too_few_words(content_words: Signal, spaced: Signal, *, min_words: int = 50) -> Verdict:
    """Fewer words than `min_words`, those of symbols alone not counted (Gopher). Not for scripts without spaces."""
    return below(_spaced(content_words, spaced), min_words)


@filters.register
def too_many_words(content_words: Signal, *, max_words: int = 100_000) -> Verdict:
    """More words than `max_words` (Gopher)."""
    return above(content_words.astype(float), max_words)


@filters.register
def too_few_characters(chars: Signal, *, min_characters: int = 100) -> Verdict:
    """Fewer characters than `min_characters`: the measure of length for every script."""
    return below(chars.astype(float), min_characters)


@filters.register
def too_many_characters(chars: Signal, *, max_characters: int = 1_000_000) -> Verdict:
    """More characters than `max_characters`."""
    return above(chars.astype(float), max_characters)


# --- Gopher quality (Rae 2021, arXiv 2112.11446, table A1; as datatrove decides) ----------------------------------------


@filters.register
def short_words(content_word_chars: Signal, content_words: Signal, spaced: Signal, *, min_characters: float = 3) -> Verdict:
    """Words shorter on average than `min_characters`."""
    return below(_spaced(ratio(content_word_chars, content_words), spaced), min_characters)


@filters.register
def long_words(content_word_chars: Signal, content_words: Signal, spaced: Signal, *, max_characters: float = 10) -> Verdict:
    """Words longer on average than `max_characters`."""
    return above(_spaced(ratio(content_word_chars, content_words), spaced), max_characters)


@filters.register
def many_hash_signs(hash_signs: Signal, words: Signal, spaced: Signal, *, max_per_word: float = 0.1) -> Verdict:
    """More `#` per word than `max_per_word`."""
    return above(_spaced(ratio(hash_signs, words), spaced), max_per_word)


@filters.register
def many_ellipses(ellipses: Signal, words: Signal, spaced: Signal, *, max_per_word: float = 0.1) -> Verdict:
    """More ellipses per word than `max_per_word`."""
    return above(_spaced(ratio(ellipses, words), spaced), max_per_word)


@filters.register
def mostly_bullets(bullet_lines: Signal, lines: Signal, *, max_share: float = 0.9) -> Verdict:
    """More than `max_share` of the lines are bullet points."""
    return above(ratio(bullet_lines, lines), max_share)


@filters.register
def lines_cut_off(ellipsis_lines: Signal, lines: Signal, *, max_share: float = 0.3) -> Verdict:
    """More than `max_share` of the lines end in an ellipsis."""
    return above(ratio(ellipsis_lines, lines), max_share)


@filters.register
def few_letters(alphabetic_words: Signal, words: Signal, spaced: Signal, *, min_share: float = 0.8) -> Verdict:
    """Fewer than `min_share` of the words have a letter in them."""
    return below(_spaced(ratio(alphabetic_words, words), spaced), min_share)


@filters.register
def few_stop_words(stop_words: Signal, is_english: Signal, *, min_different: int = 2) -> Verdict:
    """Fewer than `min_different` of the eight commonest English words: lists and menus. Only where the text is English."""
    return below(np.where(is_english, stop_words, np.nan), min_different)


# --- Gopher repetition (the same paper; as datatrove decides) -----------------------------------------------------------


@filters.register
def repeated_lines(duplicate_split_lines: Signal, split_lines: Signal, *, max_share: float = 0.3) -> Verdict:
    """More than `max_share` of the lines stood before."""
    return above(ratio(duplicate_split_lines, split_lines), max_share)


@filters.register
def repeated_line_characters(duplicate_split_line_chars: Signal, chars: Signal, *, max_share: float = 0.2) -> Verdict:
    """More than `max_share` of the characters stand in lines that stood before."""
    return above(ratio(duplicate_split_line_chars, chars), max_share)


@filters.register
def repeated_paragraphs(duplicate_paragraphs: Signal, paragraphs: Signal, *, max_share: float = 0.3) -> Verdict:
    """More than `max_share` of the paragraphs stood before."""
    return above(ratio(duplicate_paragraphs, paragraphs), max_share)


@filters.register
def repeated_paragraph_characters(duplicate_paragraph_chars: Signal, chars: Signal, *, max_share: float = 0.2) -> Verdict:
    """More than `max_share` of the characters stand in paragraphs that stood before."""
    return above(ratio(duplicate_paragraph_chars, chars), max_share)


@filters.register
def one_phrase_again(
    top_2_gram_chars: Signal,
    top_3_gram_chars: Signal,
    top_4_gram_chars: Signal,
    chars: Signal,
    spaced: Signal,
    *,
    max_share_2: float = 0.20,
    max_share_3: float = 0.18,
    max_share_4: float = 0.16,
) -> Verdict:
    """One phrase of two to four words makes up more of the text than its limit; the value is the worst over its limit."""
    counts = (top_2_gram_chars, top_3_gram_chars, top_4_gram_chars)
    return _worst(counts, _spaced(chars, spaced), (max_share_2, max_share_3, max_share_4))


@filters.register
def phrases_again(
    duplicate_5_gram_chars: Signal,
    duplicate_6_gram_chars: Signal,
    duplicate_7_gram_chars: Signal,
    duplicate_8_gram_chars: Signal,
    duplicate_9_gram_chars: Signal,
    duplicate_10_gram_chars: Signal,
    chars: Signal,
    spaced: Signal,
    *,
    max_share_5: float = 0.15,
    max_share_10: float = 0.10,
) -> Verdict:
    """Phrases of five to ten words that stood before make up too much; the limit falls evenly from `max_share_5` to `_10`."""
    counts = (
        duplicate_5_gram_chars,
        duplicate_6_gram_chars,
        duplicate_7_gram_chars,
        duplicate_8_gram_chars,
        duplicate_9_gram_chars,
        duplicate_10_gram_chars,
    )
    step = (max_share_5 - max_share_10) / 5
    return _worst(counts, _spaced(chars, spaced), tuple(round(max_share_5 - step * number, 10) for number in range(6)))


# --- FineWeb (Penedo 2024, arXiv 2406.17557; as datatrove decides) ------------------------------------------------------


@filters.register
def unpunctuated_lines(punctuated_lines: Signal, nonblank_lines: Signal, spaced: Signal, *, min_share: float = 0.12) -> Verdict:
    """Fewer than `min_share` of the lines end a sentence (Thai marks none); a text without lines is removed too."""
    return _or_empty(below(_spaced(ratio(punctuated_lines, nonblank_lines), spaced), min_share), nonblank_lines)


@filters.register
def mostly_short_lines(short_lines: Signal, nonblank_lines: Signal, *, max_share: float = 0.67) -> Verdict:
    """More than `max_share` of the lines have at most 30 characters."""
    return above(ratio(short_lines, nonblank_lines), max_share)


@filters.register
def lines_again(duplicate_nonblank_line_chars: Signal, chars: Signal, newlines: Signal, *, max_share: float = 0.01) -> Verdict:
    """More than `max_share` of the characters stand in lines that stood before: stricter than Gopher's."""
    return above(ratio(duplicate_nonblank_line_chars, chars - newlines), max_share)


@filters.register
def list_like(newlines: Signal, words: Signal, spaced: Signal, *, max_newlines_per_word: float = 0.3) -> Verdict:
    """More line ends per word than prose has."""
    return above(_spaced(ratio(newlines, words), spaced), max_newlines_per_word)


# --- C4 (Raffel 2020, arXiv 1910.10683, 2.2), as judgements on whole texts ----------------------------------------------


@filters.register
def few_sentences(sentences: Signal, *, min_sentences: int = 5) -> Verdict:
    """Fewer sentences than a page of prose has."""
    return below(sentences.astype(float), min_sentences)


@filters.register
def lines_of_few_words(words: Signal, nonblank_lines: Signal, spaced: Signal, *, min_words_per_line: float = 3) -> Verdict:
    """Lines with fewer words on average than `min_words_per_line`."""
    return below(_spaced(ratio(words, nonblank_lines), spaced), min_words_per_line)


@filters.register
def holds_code(curly_brackets: Signal, *, max_brackets: int = 0) -> Verdict:
    """Curly brackets: a page that is program text."""
    return above(curly_brackets.astype(float), max_brackets)


@filters.register
def lorem_ipsum(holds_lorem_ipsum: Signal) -> Verdict:
    """Filler text."""
    return where(holds_lorem_ipsum)


# --- questions, instructions, conversations -----------------------------------------------------------------------------


@filters.register
def empty_prompt(prompt_is_empty: Signal) -> Verdict:
    """Nothing is asked."""
    return where(prompt_is_empty)


@filters.register
def empty_reply(reply_is_empty: Signal) -> Verdict:
    """Nothing is answered, or by one side of a pair."""
    return where(reply_is_empty)


@filters.register
def placeholder_reply(reply_is_placeholder: Signal) -> Verdict:
    """The reply is a placeholder such as "N/A" (`clean.signals.placeholders`)."""
    return where(reply_is_placeholder)


@filters.register
def reply_repeats_prompt(reply_is_prompt: Signal) -> Verdict:
    """The reply is the prompt again."""
    return where(reply_is_prompt)


@filters.register
def refusal(refuses: Signal) -> Verdict:
    """The reply begins by declining, or by speaking of itself as a language model."""
    return where(refuses)


@filters.register
def truncated_reply(ends_open: Signal, reply_words: Signal, *, from_words: int = 60) -> Verdict:
    """A reply of `from_words` or more that ends in the middle of a sentence."""
    return where(ends_open & (reply_words >= from_words))


@filters.register
def footer(footer_noise: Signal) -> Verdict:
    """The reply ends with what pages and forums put under a text."""
    return where(footer_noise)


@filters.register
def reply_in_other_script(other_script: Signal) -> Verdict:
    """The reply is written in another script than the prompt, which does not ask for one."""
    return where(other_script)


@filters.register
def reply_too_short(reply_words: Signal, reply_characters: Signal, *, min_characters: int = 1) -> Verdict:
    """A reply of fewer characters than `min_characters`."""
    return below(np.where(reply_characters + reply_words > 0, reply_characters, np.nan), min_characters)


@filters.register
def reply_too_long(reply_characters: Signal, *, max_characters: int = 100_000) -> Verdict:
    """A reply of more characters than `max_characters`."""
    return above(reply_characters.astype(float), max_characters)


@filters.register
def prompt_too_short(prompt_characters: Signal, prompt_is_empty: Signal, *, min_characters: int = 3) -> Verdict:
    """A prompt of fewer characters than `min_characters`."""
    return below(np.where(prompt_is_empty, 0, np.where(prompt_characters > 0, prompt_characters, np.nan)), min_characters)


@filters.register
def prompt_too_long(prompt_characters: Signal, *, max_characters: int = 100_000) -> Verdict:
    """A prompt of more characters than `max_characters`."""
    return above(prompt_characters.astype(float), max_characters)


@filters.register
def roles_out_of_order(wrong_role_order: Signal) -> Verdict:
    """A conversation that does not begin with the user, or in which nobody answers last, or one speaks twice."""
    return where(wrong_role_order)


@filters.register
def holds_empty_turn(empty_turn: Signal) -> Verdict:
    """A conversation in which someone says nothing."""
    return where(empty_turn)


@filters.register
def too_many_turns(turns: Signal, *, max_turns: int = 200) -> Verdict:
    """A conversation of more than `max_turns` turns."""
    return above(turns.astype(float), max_turns)


@filters.register
def equal_sides(sides_equal: Signal) -> Verdict:
    """A preference between two replies that are the same."""
    return where(sides_equal)


@filters.register
def off_topic(relevance: Signal, source_floor: Signal) -> Verdict:
    """Less like the records of its task than its source's floor asks (`clean.judge.floors`)."""
    return Verdict(relevance.astype(float), float(np.nanmax(source_floor, initial=0.0)), relevance < source_floor)


@filters.register
def other_language(is_wanted_language: Signal) -> Verdict:
    """A language that `clean.judge.languages` does not list."""
    return where(~is_wanted_language.astype(bool))


def _spaced(value: np.ndarray, spaced: Signal) -> np.ndarray:
    """Nothing to measure where words are not cut by spaces."""
    return np.where(spaced, value, np.nan)


def _worst(counts: tuple[Signal, ...], chars: Signal, limits: tuple[float, ...]) -> Verdict:
    """The largest share as a multiple of its limit; removed where any share is over its own."""
    shares = [ratio(count, chars) for count in counts]
    removed = np.logical_or.reduce([share > limit for share, limit in zip(shares, limits, strict=True)])
    value = np.max([share / limit for share, limit in zip(shares, limits, strict=True)], axis=0)
    return Verdict(value, 1.0, removed)


def _or_empty(verdict: Verdict, count: Signal) -> Verdict:
    return verdict._replace(removed=verdict.removed | (count == 0))
