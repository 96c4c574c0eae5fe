"""A JSON document of any size, cut into the bytes of its rows without parsing them."""

import re
import sys
from collections.abc import Iterator

import orjson

from polymath.errors import UserError, choices
from polymath.sources.streams import Blocks

OPENING = {ord("]"): ord("["), ord("}"): ord("{")}
ARRAY, OBJECT, QUOTE = b'[{"'
ARRAY_END, OBJECT_END = b"]}"
# JSON strings hold no raw line end: a string that lost its closing quote ends with its line, and so does the damage.
IN_STRING = re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+')
OUTSIDE_BRACKETS = re.compile(rb'[^"\[\]{}]*+(?:"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"[^"\[\]{}]*+)*+')
UP_TO_BRACKET = re.compile(rb"[^\[\]{}]*+")
# Commas are not missed: a row is where a value is.
BETWEEN_ROWS = re.compile(rb"[\s,]*+")
BARE = re.compile(rb"[^,\]\n]*+")
KEYS_SHOWN = 100


def _past(pattern: re.Pattern[bytes], text: bytes, at: int, end: int = sys.maxsize) -> int:
    """Where that ends which the pattern takes from `at` on, if only nothing: these patterns match everywhere."""
    match = pattern.match(text, at, end)
    assert match
    return match.end()


class Document:
    """Reads values from blocks of bytes; only the value at hand is held, and no more of it than `limit` bytes."""

    def __init__(self, blocks: Blocks, name: str, limit: int) -> None:
        """`name` is the file's, for messages."""
        self._blocks = blocks
        self._name = name
        self._limit = limit
        self._buffer = b""
        self._dropped = 0  # bytes of the file before the buffer
        self._start = 0  # of the value at hand, in the buffer
        self._at = 0  # how far it was looked at
        self._head: bytes | None = None  # the beginning of a value that is longer than the limit

    def rows(self, path: str) -> Iterator[bytes]:
        """The bytes of each row: the elements of the arrays at `path`; without a path, of the document where it is one.

        A row that is longer than the limit comes cut to `limit` + 1 bytes. Values one after another count as documents.
        """
        steps = path.split(".") if path else []
        walk = _Walk(self, path)
        while self.peek() is not None:
            yield from walk.rows(steps)
        walk.check()

    def peek(self) -> int | None:
        """The first byte of the next value (or a closing bracket); None at the end of the file."""
        while True:
            self._at = self._start = _past(BETWEEN_ROWS, self._buffer, self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._grow():
                return None

    def value(self) -> bytes:
        """The bytes of the next value; what is no value at all goes as far as the next comma, bracket or line end."""
        first = self.peek()
        if first in (ARRAY, OBJECT):
            self._pass_container()
        elif first == QUOTE:
            self._pass_string()
        elif first in OPENING:
            self._at += 1
        else:
            self._pass_bare()
        text = self._buffer[self._start : self._at] if self._head is None else self._head
        self._start, self._head = self._at, None
        return text[: self._limit + 1]

    def elements(self) -> Iterator[int]:
        """Steps into the array at hand: yields the number of each element, which the caller then takes with `value`."""
        self._at += 1
        number = 0
        while (byte := self.peek()) != ARRAY_END:
            if byte is None:
                raise self.broken("the file ends inside an array")
            yield number
            number += 1
        self._at += 1

    def members(self) -> Iterator[str]:
        """Steps into the object at hand: yields each key, whose value the caller then takes with `value`."""
        self._at += 1
        while (byte := self.peek()) != OBJECT_END:
            if byte != QUOTE:
                raise self.broken("a key was expected" if byte is not None else "the file ends inside an object")
            key = self.value()
            if self.peek() != ord(":"):
                raise self.broken("a colon was expected")
            self._at += 1
            try:
                yield orjson.loads(key)
            except orjson.JSONDecodeError as error:
                raise self.broken(f"a key is no JSON ({error.msg})") from error
        self._at += 1

    def broken(self, what: str) -> UserError:
        """The error for a document whose rows cannot be told apart any more."""
        place = self._dropped + self._at
        return UserError(f"{self._name}: the JSON breaks off at byte {place:,} ({what}): mend it or fetch it again")

    def _grow(self) -> bool:
        """Read another block; forget what lies before the value at hand, or before the cursor if that is too long."""
        block = next(self._blocks, None)
        if block is None:
            return False
        if self._head is None and len(self._buffer) - self._start > self._limit:
            self._head = self._buffer[self._start : self._start + self._limit + 1]
        past = self._start if self._head is None else self._at
        self._buffer = self._buffer[past:] + block
        self._dropped += past
        self._at -= past
        self._start = max(self._start - past, 0)
        return True

    def _pass_container(self) -> None:
        opened = bytearray()
        while True:
            self._at = _past(OUTSIDE_BRACKETS, self._buffer, self._at)
            if self._at == len(self._buffer):
                if not self._grow():
                    raise self.broken("the file ends inside a value")
                continue
            if self._buffer[self._at] == QUOTE:
                self._pass_open_string(opened)
            else:
                self._count(opened)
            if not opened:
                return

    def _count(self, opened: bytearray) -> None:
        """Past the bracket at the cursor, which opens something or closes what was opened last (with all in it)."""
        byte = self._buffer[self._at]
        self._at += 1
        if byte not in OPENING:
            opened.append(byte)
        elif OPENING[byte] in opened:
            while opened.pop() != OPENING[byte]:
                pass
        else:
            raise self.broken("a bracket is never closed")

    def _pass_open_string(self, opened: bytearray) -> None:
        """Past a quote whose string does not end in the buffer: it goes on in the next block, or it is broken."""
        end = _past(IN_STRING, self._buffer, self._at + 1)
        if self._buffer[end : end + 2] not in (b"", b"\\"):  # not the end of the block, nor half of an escape there
            self._pass_damage(end, opened)
            return
        if self._head is not None:  # the text of a string in a row that is too long anyway
            self._buffer = self._buffer[: self._at + 1] + self._buffer[end:]
            self._dropped += end - self._at - 1
        if not self._grow():
            self._at = len(self._buffer)

    def _pass_damage(self, end: int, opened: bytearray) -> None:
        """To the end of a line in which quotes do not pair up: every bracket there counts, as if no string held it."""
        while opened and self._at < end:
            self._at = _past(UP_TO_BRACKET, self._buffer, self._at, end)
            if self._at < end:
                self._count(opened)

    def _pass_string(self) -> None:
        self._at += 1
        while True:
            self._at = _past(IN_STRING, self._buffer, self._at)
            if self._buffer[self._at : self._at + 2] not in (b"", b"\\"):
                self._at += self._buffer[self._at] == QUOTE
                return
            if not self._grow():
                self._at = len(self._buffer)
                return

    def _pass_bare(self) -> None:
        while True:
            self._at = _past(BARE, self._buffer, self._at)
            if self._at < len(self._buffer) or not self._grow():
                return


class _Walk:
    """Goes down a path of keys, and remembers what stood there for the error when nothing was found."""

    def __init__(self, document: Document, path: str) -> None:
        self._document = document
        self._path = path
        self._found = not path
        self._keys: set[str] = set()
        self._through_array = False

    def rows(self, steps: list[str]) -> Iterator[bytes]:
        document = self._document
        first = document.peek()
        if not steps and first == ARRAY:
            self._found = True
            for _ in document.elements():
                yield document.value()
        elif not steps:
            self._found = True
            yield document.value()
        elif first == OBJECT:
            for key in document.members():
                yield from self._step(key, steps)
        elif first == ARRAY:
            self._through_array |= steps[0] != "*"
            for number in document.elements():
                yield from self._step(str(number), steps)
        else:
            document.value()

    def _step(self, key: str, steps: list[str]) -> Iterator[bytes]:
        if steps[0] in ("*", key):
            yield from self.rows(steps[1:])
        else:
            self._document.value()
            if len(self._keys) < KEYS_SHOWN and not key.isdigit():
                self._keys.add(key)

    def check(self) -> None:
        """Raises UserError when no value stood at the path."""
        if not self._found:
            last = self._path.rpartition(".")[2]
            hint = "an array is on the way, `*` goes through it; " if self._through_array else ""
            raise UserError(
                f"{self._document._name}: nothing stands at `rows_at: {self._path}`; {hint}{choices(last, self._keys)}"
            )
