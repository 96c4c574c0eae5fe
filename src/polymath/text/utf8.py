"""Kernel helpers that read one UTF-8 value, `text: uint8[bytes]`.

A value is handed over as a slice of its buffer, not as buffer, start and end: Numba then sees that an index which
counts up from 0 is not negative, and LLVM can vectorise the loop. No helper reads beyond a value, be it UTF-8 or not.
"""

import numpy as np
from numba import uint8, uint32

from polymath.text.jit import Array, helper

_REPLACEMENT = np.uint32(0xFFFD)


@helper
def decode(text: Array, i: int) -> tuple[np.uint32, int]:
    """Return the code point that begins at byte i and the index after it; one that the end cuts off is U+FFFD."""
    lead = text[i]
    if lead < 0x80:
        return uint32(lead), i + 1
    size = 2 + int(lead >= 0xE0) + int(lead >= 0xF0)
    if i + size > text.size:
        return _REPLACEMENT, text.size
    second = uint32(text[i + 1] & uint8(0x3F))
    if size == 2:
        return uint32(lead & uint8(0x1F)) << uint32(6) | second, i + 2
    third = uint32(text[i + 2] & uint8(0x3F))
    if size == 3:
        return uint32(lead & uint8(0x0F)) << uint32(12) | second << uint32(6) | third, i + 3
    fourth = uint32(text[i + 3] & uint8(0x3F))
    return uint32(lead & uint8(0x07)) << uint32(18) | second << uint32(12) | third << uint32(6) | fourth, i + 4


@helper
def last_char(text: Array) -> int:
    """The index at which the last character begins."""
    i = text.size - 1
    while i > 0 and text[i] & uint8(0xC0) == 0x80:
        i -= 1
    return i


@helper
def highest_byte(text: Array) -> np.uint8:
    """The largest byte, 0 of an empty value: under 0x80 all is ASCII, under 0xE0 nothing lies at or above U+0800."""
    top = uint8(0)
    for i in range(text.size):
        top = max(top, text[i])
    return top


@helper
def count_chars(text: Array) -> int:
    """How many code points there are: every byte but those that continue one."""
    chars = 0
    for i in range(text.size):
        chars += int(text[i] & uint8(0xC0) != 0x80)
    return chars


@helper
def count_byte(text: Array, byte: int) -> int:
    """How many bytes equal `byte`."""
    count = 0
    for i in range(text.size):
        count += int(text[i] == byte)
    return count


@helper
def count_ascii_letters(text: Array) -> int:
    """How many bytes are A-Z or a-z."""
    letters = 0
    for i in range(text.size):
        letters += int(is_ascii_letter(text[i]))
    return letters


@helper
def is_ascii_letter(byte: np.uint8) -> np.bool:
    """Whether a byte is A-Z or a-z."""
    return uint8((byte | uint8(0x20)) - uint8(ord("a"))) < 26


@helper
def is_digit(byte: np.uint8) -> np.bool:
    """Whether a byte is 0-9."""
    return uint8(byte - uint8(ord("0"))) < 10


@helper
def longest(offsets: Array) -> int:
    """The number of bytes of the longest value, from the offsets of all."""
    length = 0
    for row in range(offsets.size - 1):
        length = max(length, offsets[row + 1] - offsets[row])
    return length
