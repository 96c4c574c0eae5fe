"""The units by which replies are compared: words, and single characters where words are written without spaces."""

import unicodedata

from polymath.text import unicode
from polymath.text.unicode import SCRIPTS, UNSPACED

_UNSPACED = frozenset(SCRIPTS.index(name) for name in UNSPACED)


def units(text: str) -> list[str]:
    """Words, lower-cased; each character of a script without spaces (Thai, Han, ...), with its marks; each sign.

    `It is ดีมาก!` is it, is, ดี, ม, า, ก, !
    """
    table = unicode.scripts()
    found: list[str] = []
    in_word = False
    for char in unicodedata.normalize("NFC", text).lower():
        if unicodedata.category(char).startswith("M") and found:
            found[-1] += char
        elif char.isspace():
            in_word = False
        elif table[ord(char)] in _UNSPACED or not char.isalnum():
            found.append(char)
            in_word = False
        elif in_word:
            found[-1] += char
        else:
            found.append(char)
            in_word = True
    return found


def grams(of: list[str], n: int) -> list[tuple[str, ...]]:
    """Runs of n units, overlapping; none where there are fewer units."""
    return [tuple(of[start : start + n]) for start in range(len(of) - n + 1)]
