"""What datatrove 0.10.1's three heuristic filters decide on whitespace words, restated on plain strings.

Each filter gives the name of the first rule that a text breaks, or None.
"""

import re
from collections import Counter

from polymath.text import unicode

STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
SYMBOLS = {chr(c) for c in range(0x110000) if not unicode.classes()[c] & (unicode.CONTENT | unicode.SPACE)}
SENTENCE_ENDS = tuple(chr(c) for c in range(0x110000) if unicode.classes()[c] & unicode.END_PUNCTUATION)


def gopher_quality(text: str) -> str | None:
    words, lines = text.split(), text.splitlines()
    spelled = [word for word in words if set(word) - SYMBOLS]
    if len(spelled) < 50:
        return "gopher_short_doc"
    mean_length = sum(map(len, spelled)) / len(spelled)
    return first_broken(
        gopher_long_doc=len(spelled) > 100_000,
        gopher_below_avg_threshold=mean_length < 3,
        gopher_above_avg_threshold=mean_length > 10,
        gopher_too_many_hashes=text.count("#") / len(words) > 0.1,
        gopher_too_many_ellipsis=(text.count("...") + text.count("…")) / len(words) > 0.1,
        gopher_too_many_bullets=sum(map(is_bullet, lines)) / len(lines) > 0.9,
        gopher_too_many_end_ellipsis=sum(map(trails_off, lines)) / len(lines) > 0.3,
        gopher_below_alpha_threshold=sum(map(has_letter, words)) / len(words) < 0.8,
        gopher_enough_stop_words=len(STOP_WORDS & set(words)) < 2,
    )


def gopher_repetition(text: str) -> str | None:
    if not text:
        return "empty"
    words, size = text.split(), len(text)
    paragraphs, paragraph_chars = repeats(paragraphs_of(text))
    lines, line_chars = repeats(split_lines_of(text))
    return first_broken(
        dup_para_frac=paragraphs / len(paragraphs_of(text)) > 0.3,
        dup_para_char_frac=paragraph_chars / size > 0.2,
        dup_line_frac=lines / len(split_lines_of(text)) > 0.3,
        dup_line_char_frac=line_chars / size > 0.2,
        **{f"top_{n}_gram": top_gram_chars(words, n) / size > (12 - n) / 50 for n in range(2, 5)},
        **{f"duplicated_{n}_n_grams": duplicate_gram_chars(words, n) / size > (20 - n) / 100 for n in range(5, 11)},
    )


def fineweb(text: str) -> str | None:
    lines = nonblank_lines_of(text)
    if not lines:
        return "empty"
    return first_broken(
        line_punct_ratio=sum(line.endswith(SENTENCE_ENDS) for line in lines) / len(lines) < 0.12,
        short_line_ratio=sum(len(line) <= 30 for line in lines) / len(lines) > 0.67,
        char_dup_ratio=repeats(lines)[1] / len(text.replace("\n", "")) > 0.01,
        list_ratio=text.count("\n") / len(text.split()) > 0.3,
    )


def first_broken(**rules: bool) -> str | None:
    return next((name for name, broken in rules.items() if broken), None)


def is_bullet(line: str) -> bool:
    return line.lstrip().startswith(("•", "-"))


def trails_off(line: str) -> bool:
    return line.rstrip().endswith(("...", "…"))


def has_letter(word: str) -> bool:
    return any(map(str.isalpha, word))


def nonblank_lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def split_lines_of(text: str) -> list[str]:
    return re.split(r"\n+", text)


def paragraphs_of(text: str) -> list[str]:
    return re.split(r"\n{2,}", text.strip())


def repeats(pieces: list[str]) -> tuple[int, int]:
    """How many pieces stood before, and their characters."""
    times = Counter(pieces)
    return len(pieces) - len(times), sum(len(piece) * (count - 1) for piece, count in times.items())


def top_gram_chars(words: list[str], n: int) -> int:
    grams = Counter(" ".join(words[i : i + n]) for i in range(len(words) - n + 1))
    return sum(len(gram) * count for gram, count in grams.most_common(1))


def duplicate_gram_chars(words: list[str], n: int) -> int:
    seen, chars, i = set(), 0, 0
    while i <= len(words) - n:
        gram = "".join(words[i : i + n])
        chars += len(gram) * (gram in seen)
        i += n if gram in seen else 1
        seen.add(gram)
    return chars
