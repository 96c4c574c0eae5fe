"""One spelling for the same text: composed characters, line feeds, no control characters, entities or double encoding.

A kernel finds the few values that may need mending; only these go through Python.
"""

import re
import unicodedata
from html import unescape
from html.entities import html5

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import uint8

from polymath.text import unicode
from polymath.text.buffers import Strings, as_strings, utf8_text
from polymath.text.jit import I64, U8, Array, helper, kernel
from polymath.text.unicode import CONTINUATION, CONTINUATIONS, NOT_COMPOSED, SPACE
from polymath.text.utf8 import decode, highest_byte, is_ascii_letter, is_digit, last_char

HAS_CR, HAS_CONTROL, NON_ASCII, HTML_ENTITY = 1, 2, 4, 8
"""Flags of `scan`: a carriage return; another control character (C0 or C1, but not tab or newline) or a byte order
mark; a character beyond ASCII; the shape of an entity, "&name;" or "&#...;"."""

MOJIBAKE_SUSPECT, EDGE_SPACE, MAYBE_NOT_NFC = 16, 32, 64
"""More flags: the shape of UTF-8 that was decoded as Latin-1 or Windows-1252; whitespace at an edge; characters that
may have to be composed or put in order."""

_BYTE_ORDER_MARK = 0xFEFF
_LONGEST_ENTITY = 32
_ENTITY = re.compile(r"&(?:#(?:[0-9]{1,7}|[xX][0-9a-fA-F]{1,6})|[A-Za-z][A-Za-z0-9]{0,30});")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_CONTINUED = f"[{re.escape(CONTINUATIONS)}]"
_MOJIBAKE = re.compile(f"[\xc2-\xdf]{_CONTINUED}|[\xe0-\xef]{_CONTINUED}{{2}}|[\xf0-\xf4]{_CONTINUED}{{3}}|[\xc2\xc3] ")


def normalize(array: pa.Array | pa.ChunkedArray, *, html: bool = True, mojibake: bool = True) -> pa.Array:
    """Mend every value that needs it. Nulls stay, and if no value needs mending, the array itself is returned.

    Double encoding is undone where ftfy (Speer 2019) is sure of it (`mojibake`), entities that end in a semicolon
    become characters (`html`), CR LF and CR become LF, control characters but tab and newline go, and so do byte order
    marks; the text is composed (NFC) and whitespace stripped from its two ends. Inner whitespace stays. Mending goes on
    until nothing changes, so that mended text is not mended again: "&amp;lt;" becomes "<".
    """
    array = utf8_text(array)
    mended = HAS_CR | HAS_CONTROL | EDGE_SPACE | MAYBE_NOT_NFC | HTML_ENTITY * html | MOJIBAKE_SUSPECT * mojibake
    flags = scan(as_strings(array)) & mended
    if not flags.any():
        return array
    mask = pa.array(flags != 0)
    found = zip(array.filter(mask).to_pylist(), flags[flags != 0], strict=True)
    values = [text.strip() if flag == EDGE_SPACE else _mend(text, html, mojibake) for text, flag in found]
    return pc.replace_with_mask(array, mask, pa.array(values, array.type))


def scan(strings: Strings) -> np.ndarray:
    """Flag what `normalize` has to look at in each value: uint8[rows]."""
    return _scan(*strings, unicode.classes(), unicode.composition())


def _mend(text: str, html: bool, mojibake: bool) -> str:
    before = None
    while text != before:
        before = text
        if mojibake and _MOJIBAKE.search(text):
            text = _undo_double_encoding(text)
        if html:
            text = _ENTITY.sub(_character, text)
        text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = unicodedata.normalize("NFC", text).strip()
    return text


def _undo_double_encoding(text: str) -> str:
    from ftfy import fix_encoding

    return fix_encoding(text)


def _character(entity: re.Match[str]) -> str:
    whole = entity[0]
    return unescape(whole) if whole[1] == "#" else html5.get(whole[1:], whole)


@kernel(U8, I64, U8, U8)
def _scan(data: Array, offsets: Array, classes: Array, composition: Array) -> Array:
    flags = np.zeros(offsets.size - 1, np.uint8)
    for row in range(flags.size):
        text = data[offsets[row] : offsets[row + 1]]
        if text.size == 0:
            continue
        flags[row] = _ascii_flags(text)
        if highest_byte(text) >= 0x80:
            flags[row] |= NON_ASCII | _other_flags(text, classes, composition)
        first, _ = decode(text, 0)
        last, _ = decode(text, last_char(text))
        if (classes[first] | classes[last]) & SPACE:
            flags[row] |= EDGE_SPACE
    return flags


@helper
def _ascii_flags(text: Array) -> np.uint8:
    returned, control, ampersand = False, False, False
    for i in range(text.size):
        byte = text[i]
        returned |= byte == ord("\r")
        control |= (byte < 0x20) & (byte != ord("\t")) & (byte != ord("\n")) & (byte != ord("\r")) | (byte == 0x7F)
        ampersand |= byte == ord("&")
    entity = ampersand and _has_entity(text)
    return uint8(HAS_CR * int(returned) | HAS_CONTROL * int(control) | HTML_ENTITY * int(entity))


@helper
def _has_entity(text: Array) -> bool:
    """Whether an ampersand is followed by up to 32 letters, digits or number signs and then a semicolon."""
    since = _LONGEST_ENTITY + 1
    for byte in text:
        if byte == ord("&"):
            since = 0
        elif byte == ord(";") and 0 < since <= _LONGEST_ENTITY:
            return True
        elif is_ascii_letter(byte) or is_digit(byte) or byte == ord("#"):
            since += 1
        else:
            since = _LONGEST_ENTITY + 1
    return False


@helper
def _other_flags(text: Array, classes: Array, composition: Array) -> np.uint8:
    flags, awaited, last_combining = uint8(0), 0, uint8(0)
    i = 0
    while i < text.size:
        code_point, i = decode(text, i)
        if 0x80 <= code_point < 0xA0 or code_point == _BYTE_ORDER_MARK:
            flags |= HAS_CONTROL
        combining = composition[code_point]
        if combining == NOT_COMPOSED or 0 < combining < last_combining:
            flags |= MAYBE_NOT_NFC
        last_combining = combining
        # A non-breaking space is a continuation too, but has often become a space.
        if awaited and (classes[code_point] & CONTINUATION or code_point == ord(" ")):
            awaited -= 1
            flags |= MOJIBAKE_SUSPECT * int(awaited == 0)
        else:
            awaited = _continuations_after(code_point)
    return flags


@helper
def _continuations_after(code_point: int) -> int:
    """How many continuation bytes a lead byte announces, if it is read as a Latin-1 character; 0 for what is none."""
    if code_point < 0xC2 or code_point > 0xF4:
        return 0
    return 1 + int(code_point >= 0xE0) + int(code_point >= 0xF0)
