"""Personal data in text: e-mail addresses, public IP addresses and phone numbers give way to tokens.

A kernel finds the few values that may hold any; only these meet a regular expression. The patterns are careful rather
than complete: what looks like a version, a section number, a date or a private address stays.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import uint8

from polymath.text.buffers import as_strings, utf8_text
from polymath.text.jit import I64, U8, Array, helper, kernel
from polymath.text.utf8 import is_digit

Kind = Literal["email", "ip", "phone"]

_EMAIL, _IP, _PHONE = (1 << bit for bit in range(3))
_FEWEST_PHONE_DIGITS, _MOST_PHONE_DIGITS = 8, 15


def mask(
    array: pa.Array | pa.ChunkedArray,
    kinds: Sequence[Kind] = ("email", "ip", "phone"),
) -> tuple[pa.Array, np.ndarray]:
    """Replace personal data by `<EMAIL>`, `<IP>` and `<PHONE>`; also return how often in each value, int32[rows].

    IP addresses are replaced if they are public, as datatrove's `PIIFormatter` does. Phone numbers are international
    ones (E.164: "+" and up to 15 digits) and common national forms: North American, and those that begin with 0. If
    nothing is replaced, the array itself is returned.
    """
    array = utf8_text(array)
    flags = _scan(*as_strings(array)) & sum(_SEARCHES[kind].flag for kind in kinds)
    counts = np.zeros(len(array), np.int32)
    suspects = np.flatnonzero(flags)
    masked = []
    for row, text in zip(suspects.tolist(), array.take(pa.array(suspects)).to_pylist(), strict=True):
        for search in (_SEARCHES[kind] for kind in kinds if flags[row] & _SEARCHES[kind].flag):
            text, count = _replace(search, text)
            counts[row] += count
        if counts[row]:
            masked.append(text)
    if not masked:
        return array, counts
    return pc.replace_with_mask(array, pa.array(counts > 0), pa.array(masked, array.type)), counts


class _Search(NamedTuple):
    flag: int
    pattern: re.Pattern[str]
    accepts: Callable[[re.Match[str]], bool]
    token: str


def _replace(search: _Search, text: str) -> tuple[str, int]:
    count = 0

    def token(match: re.Match[str]) -> str:
        nonlocal count
        accepted = search.accepts(match)
        count += accepted
        return search.token if accepted else match[0]

    return search.pattern.sub(token, text), count


def _is_public(match: re.Match[str]) -> bool:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return False
    return address.is_global and not _is_section_number(match)


def _is_section_number(match: re.Match[str]) -> bool:
    """Whether the match, of one or two digits each, numbers a heading or a table of contents: "4.1.2.3.  Security"."""
    text, start, end = match.string, match.start(), match.end()
    before = text[text.rfind("\n", 0, start) + 1 : start]
    small = all(len(part) < 3 for part in match[0].split("."))
    return small and bool(_HEADING.fullmatch(before) and _TITLE.match(text, end))


def _has_phone_digits(match: re.Match[str]) -> bool:
    return _FEWEST_PHONE_DIGITS <= sum(char.isdigit() for char in match[0]) <= _MOST_PHONE_DIGITS


_HEADING = re.compile(r"[\s#]*|.*\.{3,} ?\d*\s+")
_TITLE = re.compile(r"\.?[ \t]+[A-Za-z]")
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_NUMBER_ENDS = r"(?![\w/]|[ .-]?\d|-\w)"

# ASCII patterns: letters of other scripts may touch an address, as they do where no spaces stand between words.
# Patterns of several forms first look whether a character can begin any of them, which is the quickest way to say no.
_SEARCHES: dict[Kind, _Search] = {
    "email": _Search(
        _EMAIL,
        re.compile(
            r"(?<![\w.%+-])\w(?:[\w.%+'-]{0,62}[\w+-])?"
            r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![\w@]|-\w)",
            re.ASCII,
        ),
        lambda match: True,
        "<EMAIL>",
    ),
    "ip": _Search(
        _IP,
        re.compile(
            r"(?=\d)(?<![\w.\xa7])(?<![A-Za-z]-)(?<!ersion )(?<!ection )(?<!ections )"
            rf"(?:{_OCTET}\.){{3}}{_OCTET}(?!\w|\.\d|-[A-Za-z])"
            r"|(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){1,5}[0-9A-Fa-f]{0,4}(?![\w:]|\.\d)",
            re.ASCII,
        ),
        _is_public,
        "<IP>",
    ),
    "phone": _Search(
        _PHONE,
        re.compile(
            r"(?=[+(\d])(?<![\w.+/])(?<!\d[ -])(?:"
            r"\+\d{1,3}[ -]?(?:\(\d{1,4}\)[ -]?)?\d{1,4}(?:[ -]?\d{2,4}){1,4}"  # +44 (0)20 7946 0958
            r"|(?:\+?1[ .-])?(?:\([2-9]\d\d\)[ -]?|[2-9]\d\d[.-])[2-9]\d\d[.-]\d{4}"  # (212) 555-0123
            r"|\(?0[1-9]\d{0,3}\)?[ -]\d{3,4}[ -]?\d{3,4}"  # 020 7946 0958, 081-234-5678
            r"|0[1-9](?:[ .-]\d\d){4}"  # 01 23 45 67 89
            r"|0-[1-9]\d{3}-\d{4}|0[689]\d{8}"  # 0-2123-4567, 0812345678
            rf"){_NUMBER_ENDS}",
            re.ASCII,
        ),
        _has_phone_digits,
        "<PHONE>",
    ),
}


@kernel(U8, I64)
def _scan(data: Array, offsets: Array) -> Array:
    flags = np.zeros(offsets.size - 1, np.uint8)
    for row in range(flags.size):
        flags[row] = _suspicions(data[offsets[row] : offsets[row + 1]])
    return flags


@helper
def _suspicions(text: Array) -> np.uint8:
    """Which kinds a value may hold: by an "@", by dots or colons among digits, and by digits with little in between."""
    email, ip, phone = False, False, False
    digits, dots, colons = 0, 0, 0
    for byte in text:
        if is_digit(byte):
            digits += 1
            phone |= digits >= _FEWEST_PHONE_DIGITS
            ip |= dots >= 3
            continue
        email |= byte == ord("@")
        dots = dots + 1 if byte == ord(".") else 0
        if byte == ord(":"):
            colons += 1
            ip |= colons >= 2
        elif uint8((byte | uint8(0x20)) - uint8(ord("a"))) >= 6:
            colons = 0
        if not (byte == ord(" ") or byte == ord("+") or ord("(") <= byte <= ord(")") or ord("-") <= byte <= ord(".")):
            digits = 0
    return uint8(_EMAIL * int(email) | _IP * int(ip) | _PHONE * int(phone))
