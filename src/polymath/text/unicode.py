"""What each code point is: tables from Python's own Unicode database, made once per process in a few milliseconds."""

import functools
import re
import unicodedata

import numpy as np

CODE_POINTS = 1 << 21
"""Entries of every table: all that four bytes can spell, so that even bytes that are not UTF-8 index inside it."""

SPACE, ALPHABETIC, LINE_BREAK, END_PUNCTUATION, CONTENT, UNSPACED_LETTER, CONTINUATION = (1 << bit for bit in range(7))
"""Bits of `classes()`: `str.isspace`; `str.isalpha`; where `str.splitlines` splits; what ends a sentence; what makes a
word more than symbols (neither whitespace nor symbol); a letter of a script in `UNSPACED`; what a continuation byte of
UTF-8 looks like when it is read as Latin-1 or Windows-1252."""

CONTINUATIONS = "".join(map(chr, range(0x80, 0xC0))) + bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")
"""The characters of class CONTINUATION."""

NOT_COMPOSED = 255
"""The entry of `composition()` for what may have to be composed."""

SCRIPTS = (
    *("Zyyy", "Latn", "Grek", "Cyrl", "Hebr", "Arab", "Deva", "Beng", "Taml", "Hang"),
    *("Thai", "Laoo", "Mymr", "Khmr", "Hira", "Kana", "Hani", "Zzzz", "Jpan"),
)
"""ISO 15924 names by script id: Zyyy, 0, is no letter, Zzzz one of any other script; Jpan describes documents only."""

UNSPACED = ("Thai", "Laoo", "Mymr", "Khmr", "Hira", "Kana", "Hani")
"""Scripts written without spaces between words."""

_BLOCKS = {
    "Latn": "0-2ff 1d00-1dbf 1e00-1eff 2071-209c 2c60-2c7f a720-a7ff ab30-ab6f fb00-fb06 ff21-ff5a",
    "Grek": "370-3ff 1f00-1fff",
    "Cyrl": "400-52f 1c80-1c8f a640-a69f",
    "Hebr": "590-5ff fb1d-fb4f",
    "Arab": "600-6ff 750-77f 870-8ff fb50-fdff fe70-fefe 1ee00-1eeff",
    "Deva": "900-97f a8e0-a8ff",
    "Beng": "980-9ff",
    "Taml": "b80-bff",
    "Hang": "1100-11ff 3130-318f a960-a97f ac00-d7ff ffa0-ffdc",
    "Thai": "e00-e7f",
    "Laoo": "e80-eff",
    "Mymr": "1000-109f a9e0-a9ff aa60-aa7f",
    "Khmr": "1780-17ff",
    "Hira": "3041-309f 1b001-1b11f 1b150-1b152",
    "Kana": "30a0-30ff 31f0-31ff ff66-ff9f 1aff0-1b000 1b120-1b122 1b164-1b167",
    "Hani": "3005-3007 303b 3400-9fff f900-faff 16fe2-16fe3 20000-3ffff",
}
"""Unicode blocks of each script: whole blocks, so that a few borrowed letters count with their block."""

_END_PUNCTUATION = (
    "21 2e 3f 589 61d-61f 6d4 700-702 7f9 837 839 83d-83e 964-965 104a-104b 1362 1367-1368 166e 1735-1736 "
    "17d4-17d6 17d9-17da 1803 1809 1944-1945 1aa8-1aab 1b5a-1b5b 1b5e-1b5f 1b7d-1b7e 1c3b-1c3c 1c7e-1c7f "
    "203c-203d 2047-2049 2e2e 2e3c 2e53-2e54 3002 a4ff a60e-a60f a6f3 a6f7 a876-a877 a8ce-a8cf a92f a9c8-a9c9 "
    "aa5d-aa5f aaf0-aaf1 abeb fe52 fe56-fe57 ff01 ff0e ff1f ff61 10a56-10a57 10f55-10f59 10f86-10f89 11047-11048 "
    "110be-110c1 11141-11143 111c5-111c6 111cd 111de-111df 11238-11239 1123b-1123c 112a9 1144b-1144c 115c2-115c3 "
    "115c9-115d7 11641-11642 1173c-1173e 11944 11946 11a42-11a43 11a9b-11a9c 11c41-11c42 11ef7-11ef8 11f43-11f44 "
    "16a6e-16a6f 16af5 16b37-16b38 16b44 16e98 1bc9f 1da88"
)
"""Unicode's Sentence_Terminal as datatrove 0.10.1 lists it (`TERMINAL_PUNCTUATION`); Python does not know it."""

_SYMBOLS = (
    "0-8 b-1f 21-2f 3a-40 5b-60 7b-9f ab b4 bb 2013-2014 2019 201c-201e 2026 2236 2501 25ba 3001-3002 3008-300d "
    "3010-3011 ff01 ff05 ff08-ff09 ff0c ff0e ff11 ff1a-ff1b ff1f ff5e"
)
"""What datatrove's Gopher filter calls punctuation (`PUNCTUATION`), beside all end punctuation."""


@functools.cache
def folded() -> np.ndarray:
    """Map each word character to its lower-case code point, everything else to 0: uint32[CODE_POINTS].

    Word characters are letters, numbers, the underscore and, unlike in `re`, combining marks: without them words of
    Thai, Khmer or Devanagari would break at their vowel signs. Lower case is `str.lower` where that is one character.
    """
    text, code_points, major, minor = _database()
    table = np.zeros(CODE_POINTS, np.uint32)
    is_word = _found(r"\w+", text) | (major == ord("M"))
    table[code_points[is_word]] = code_points[is_word]
    # No word character of a category other than Lu, Lt and Nl has a lower case.
    upper_or_title = (major == ord("L")) & ((minor == ord("u")) | (minor == ord("t")))
    for upper in code_points[upper_or_title | ((major == ord("N")) & (minor == ord("l")))].tolist():
        lower = chr(upper).lower()
        if len(lower) == 1:
            table[upper] = ord(lower)
    return _frozen(table)


@functools.cache
def classes() -> np.ndarray:
    """The class bits of each code point: uint8[CODE_POINTS]; see `SPACE` and its neighbours."""
    text, code_points, major, _ = _database()
    table = np.full(CODE_POINTS, CONTENT, np.uint8)
    end, symbol = _ranges(_END_PUNCTUATION), _ranges(_SYMBOLS)
    table[end] = table[symbol] = 0
    table[code_points[_found(r"\s+", text)]] = SPACE
    table[code_points[major == ord("L")]] |= ALPHABETIC
    table[[ord(c) for c in "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"]] |= LINE_BREAK
    table[end] |= END_PUNCTUATION
    table[[ord(c) for c in CONTINUATIONS]] |= CONTINUATION
    table[np.isin(scripts(), [SCRIPTS.index(script) for script in UNSPACED])] |= UNSPACED_LETTER
    return _frozen(table)


@functools.cache
def scripts() -> np.ndarray:
    """The script id of each letter, 0 for what is not a letter: uint8[CODE_POINTS]; names in `SCRIPTS`."""
    _, code_points, major, _ = _database()
    table = np.zeros(CODE_POINTS, np.uint8)
    letters = code_points[major == ord("L")]
    table[letters] = SCRIPTS.index("Zzzz")
    for script, blocks in _BLOCKS.items():
        block = _ranges(blocks)
        table[block[table[block] > 0]] = SCRIPTS.index(script)
    return _frozen(table)


@functools.cache
def composition() -> np.ndarray:
    """The canonical combining class of each code point, or NOT_COMPOSED: uint8[CODE_POINTS].

    Text is in NFC if no character is NOT_COMPOSED and no class but 0 follows a higher one (quick check of UAX #15).
    """
    text, code_points, _, _ = _database()
    table = np.zeros(CODE_POINTS, np.uint8)
    table[code_points] = np.fromiter(map(unicodedata.combining, text), np.uint8, len(text))
    for char in text:
        decomposed = unicodedata.normalize("NFD", char)
        if decomposed != char:
            # What follows the first character of a decomposition may have to be composed with what stands before it.
            table[[ord(part) for part in decomposed[1:]]] = NOT_COMPOSED
            if not unicodedata.is_normalized("NFC", char):
                table[ord(char)] = NOT_COMPOSED
    return _frozen(table)


@functools.cache
def _database() -> tuple[str, np.ndarray, np.ndarray, np.ndarray]:
    """All code points of the planes in use: as text, as numbers, and the two letters of their categories as bytes."""
    code_points = np.r_[0:0x40000, 0xE0000:0xE1000].astype("<u4")
    text = code_points.tobytes().decode("utf-32-le", "surrogatepass")
    categories = np.frombuffer("".join(map(unicodedata.category, text)).encode(), np.uint8).reshape(-1, 2)
    return text, code_points, categories[:, 0], categories[:, 1]


def _found(pattern: str, text: str) -> np.ndarray:
    """Which characters of `text` the pattern finds: bool[characters]."""
    mask = np.zeros(len(text), bool)
    for match in re.finditer(pattern, text):
        mask[match.start() : match.end()] = True
    return mask


def _ranges(hexadecimal: str) -> np.ndarray:
    """The code points of "21 30-39": int64[count]."""
    bounds = [[int(bound, 16) for bound in part.split("-")] for part in hexadecimal.split()]
    return np.concatenate([np.arange(bound[0], bound[-1] + 1) for bound in bounds])


def _frozen(table: np.ndarray) -> np.ndarray:
    table.flags.writeable = False
    return table
