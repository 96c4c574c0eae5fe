"""Kernel helpers that find where lines end and what stands at their edges."""

import numpy as np
from numba import uint8

from polymath.text.intrinsics import load_word
from polymath.text.jit import Array, helper
from polymath.text.unicode import SPACE
from polymath.text.utf8 import decode, last_char

NEWLINE = ord("\n")
_FULL_STOP = ord(".")
_NEWLINES, _ONES, _HIGH_BITS = (np.uint64(byte * 0x0101010101010101) for byte in (NEWLINE, 0x01, 0x80))


@helper
def find_newline(text: Array, i: int) -> int:
    """The index of the first newline at or behind i, or the size of the text."""
    while i + 8 <= text.size:
        word = load_word(text, i) ^ _NEWLINES
        # Not 0 if and only if one of the eight bytes is (Warren, Hacker's Delight, 6-1).
        if (word - _ONES) & ~word & _HIGH_BITS != 0:
            break
        i += 8
    while i < text.size and text[i] != NEWLINE:
        i += 1
    return i


@helper
def has_other_breaks(text: Array) -> bool:
    """Whether `str.splitlines` splits elsewhere than at newlines: at control characters, U+0085, U+2028 or U+2029."""
    found = False
    for i in range(text.size):
        found |= (text[i] >= 0x0B) & (text[i] <= 0x0D) | (text[i] >= 0x1C) & (text[i] <= 0x1E)
    for i in range(text.size - 1):
        found |= (text[i] == 0xC2) & (text[i + 1] == 0x85)
    for i in range(text.size - 2):
        found |= (text[i] == 0xE2) & (text[i + 1] == 0x80) & (text[i + 2] & uint8(0xFE) == 0xA8)
    return found


@helper
def skip_space(text: Array, classes: Array) -> int:
    """The index of the first character that is not whitespace, or the size of the text."""
    i = 0
    while i < text.size:
        code_point, behind = decode(text, i)
        if not classes[code_point] & SPACE:
            break
        i = behind
    return i


@helper
def trim_space(text: Array, classes: Array) -> int:
    """The index behind the last character that is not whitespace; 0 if there is none."""
    end = text.size
    while end > 0:
        start = last_char(text[:end])
        code_point, _ = decode(text, start)
        if not classes[code_point] & SPACE:
            break
        end = start
    return end


@helper
def count_ellipses(text: Array) -> int:
    """How often "..." (without overlap) and "…" occur."""
    any_dots, count = False, 0
    for i in range(text.size - 2):
        any_dots |= (text[i] == _FULL_STOP) & (text[i + 1] == _FULL_STOP) & (text[i + 2] == _FULL_STOP)
        count += int((text[i] == 0xE2) & (text[i + 1] == 0x80) & (text[i + 2] == 0xA6))
    run = 0
    if any_dots:
        for i in range(text.size):
            run = run % 3 + 1 if text[i] == _FULL_STOP else 0
            count += int(run == 3)
    return count


@helper
def ends_in_ellipsis(text: Array, classes: Array) -> bool:
    """Whether the last characters, whitespace aside, are "..." or "…"."""
    end = trim_space(text, classes)
    if end < 3:
        return False
    a, b, c = text[end - 3], text[end - 2], text[end - 1]
    return (a == _FULL_STOP and b == _FULL_STOP and c == _FULL_STOP) or (a == 0xE2 and b == 0x80 and c == 0xA6)
