"""Which writing system a text is in, by its letters."""

import numpy as np

from polymath.text import unicode
from polymath.text.buffers import Strings
from polymath.text.jit import I64, U8, Array, kernel
from polymath.text.unicode import SCRIPTS
from polymath.text.utf8 import count_ascii_letters, decode, highest_byte

_SCRIPTS = len(SCRIPTS)
_LATIN, _HAN, _JAPANESE = SCRIPTS.index("Latn"), SCRIPTS.index("Hani"), SCRIPTS.index("Jpan")
_KANA = [SCRIPTS.index("Hira"), SCRIPTS.index("Kana")]
_LETTERS_PER_KANA = 20


def main_scripts(strings: Strings) -> np.ndarray:
    """Find the script of most letters of each value: uint8[rows], ids in `SCRIPTS`; 0 without letters, lower on a tie.

    Japanese mixes scripts: where Han stands beside kana, and kana are at least 5 % of all letters, both count as Jpan.
    """
    letters = count_letters(strings)
    kana = letters[:, _KANA].sum(axis=1)
    japanese = (letters[:, _HAN] > 0) & (kana * _LETTERS_PER_KANA >= letters.sum(axis=1))
    letters[japanese, _JAPANESE] = letters[japanese, _HAN] + kana[japanese]
    return letters.argmax(axis=1).astype(np.uint8)


def count_letters(strings: Strings) -> np.ndarray:
    """Count the letters of each value by script: int32[rows, scripts]. Combining marks and digits are no letters."""
    return _count_letters(*strings, unicode.scripts())


@kernel(U8, I64, U8)
def _count_letters(data: Array, offsets: Array, scripts: Array) -> Array:
    rows = offsets.size - 1
    letters = np.zeros((rows, _SCRIPTS), np.int32)
    for row in range(rows):
        text = data[offsets[row] : offsets[row + 1]]
        if highest_byte(text) < 0x80:
            letters[row, _LATIN] = count_ascii_letters(text)
            continue
        i = 0
        while i < text.size:
            code_point, i = decode(text, i)
            letters[row, scripts[code_point]] += 1
        letters[row, 0] = 0
    return letters
