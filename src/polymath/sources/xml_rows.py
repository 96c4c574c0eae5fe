"""Rows of XML: attributes and child elements as fields, read as the bytes come, with no DTD and no entities of its own.

A row that is not well-formed ends expat's parser; reading goes on with a new one at the next row.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from xml.parsers import expat

from polymath.errors import UserError
from polymath.sources.options import ReadOptions
from polymath.sources.streams import Blocks
from polymath.sources.unreadable import Unreadable, excerpt, too_deep, too_long

OPENING_TAG = re.compile(rb"<([A-Za-z_][\w.:-]*)")


def read_xml(blocks: Blocks, name: str, options: ReadOptions, skip: int) -> Iterator[Any]:
    """Row elements after the first `skip`, as dicts."""
    return islice(_XmlRows(name, options).read(blocks), skip, None)


class _Element:
    """An open element of a row."""

    def __init__(self, attributes: dict[str, str]) -> None:
        self.fields: dict[str, Any] = attributes
        self.text: list[str] = []
        """Its own text and that of the elements in it, in reading order."""
        self.mixed = False
        """Whether text of its own stands beside elements."""

    def add(self, name: str, child: "_Element") -> None:
        """Enter a closed child as a field; a name that comes again makes a list."""
        value = child.value()
        known = self.fields.get(name)
        if name not in self.fields:
            self.fields[name] = value
        elif isinstance(known, list):
            known.append(value)
        else:
            self.fields[name] = [known, value]
        self.text += child.text

    def value(self) -> Any:
        """Its text if it has nothing else; else its fields, with the text as `text` if there is any of its own."""
        return self.row() if self.fields else "".join(self.text)

    def row(self) -> dict[str, Any]:
        """Its fields, even when they are only `text` (`#text` beside a field of that name)."""
        if self.mixed or not self.fields:
            return {"#text" if "text" in self.fields else "text": "".join(self.text)} | self.fields
        return self.fields


class _XmlRows:
    """The state of reading one file: where in the document expat is, and the row that is being built."""

    def __init__(self, name: str, options: ReadOptions) -> None:
        self._name = name
        self._options = options
        self._row_tags = {options.row_tag} if options.row_tag else set()  # those that rows have had
        self._encoding = None if options.encoding == "utf-8" else "utf-8"
        self._around: list[str] = []  # the open elements that no row is in
        self._row: list[_Element] = []  # the row and the open elements in it
        self._size = 0
        self._trouble: Unreadable | None = None
        self._done: list[Any] = []
        self._lost: bytes | None = None  # while the next row is looked for: the end of what was searched
        self._start_parser()

    def read(self, blocks: Blocks) -> Iterator[Any]:
        """Every row, or why it cannot be read."""
        for block in blocks:
            self._parse(block)
            yield from self._done
            self._done.clear()
        if self._lost is None:
            try:
                self._parser.Parse(b"", True)
            except expat.ExpatError as error:
                raise UserError(f"{self._name}: the XML breaks off ({error}): mend it or fetch it again") from error

    def _start_parser(self) -> None:
        self._parser = parser = expat.ParserCreate(self._encoding)
        parser.buffer_text = True
        prefix = "".join(f"<{tag}>" for tag in self._around).encode(self._encoding or "utf-8")
        parser.Parse(prefix)
        self._fed = len(prefix)
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        parser.StartElementHandler = self._open
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._text

    def _parse(self, block: bytes) -> None:
        while block:
            if self._lost is not None:
                block = self._find_row(block)
                continue
            try:
                self._parser.Parse(block)
            except expat.ExpatError as error:
                at = self._parser.ErrorByteIndex - self._fed
                self._set_aside(self._broken(error, block, at))
                block = block[max(at, 1) :]
                continue
            except UserError:
                raise
            except (LookupError, ValueError) as error:  # of an encoding that expat knows no table for
                raise UserError(f"{self._name}: cannot be decoded ({error}): name its `encoding`") from error
            self._fed += len(block)
            if self._fed - self._parser.CurrentByteIndex > self._options.max_row_bytes:
                self._set_aside(too_long(block, self._options.max_row_bytes))
            return

    def _broken(self, error: expat.ExpatError, block: bytes, at: int) -> Unreadable:
        opening = max(block.rfind(b"<", 0, max(at, 0)), 0)
        if not self._row_tags and len(self._around) == 1 and (first := OPENING_TAG.match(block, opening)):
            self._row_tags.add(first[1].decode())
        reason = "bad_utf8" if self._encoding is None and block[at : at + 1] > b"\x7f" else "bad_xml"
        return Unreadable(reason, expat.ErrorString(error.code), excerpt(block[opening:]))

    def _set_aside(self, why: Unreadable) -> None:
        """Give up the row at hand and look for the next one."""
        if not self._around or not self._row_tags:
            raise UserError(
                f"{self._name}: is not XML with rows that can be told apart ({why.detail}; near '{why.excerpt[:60]}'): "
                "mend it, or name the row's element with `row_tag`"
            )
        self._done.append(why)
        self._row, self._trouble, self._lost = [], None, b""

    def _find_row(self, block: bytes) -> bytes:
        """What of the bytes follows the beginning of the next row; nothing, when it is not among them."""
        block = (self._lost or b"") + block
        tags = [tag.encode() for tag in self._row_tags]
        found = re.search(rb"<(?:%b)[\s/>]" % b"|".join(map(re.escape, tags)), block)
        if not found:
            self._lost = block[-max(map(len, tags)) - 1 :]
            return b""
        self._lost = None
        self._start_parser()
        return block[found.start() :]

    def _declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        self._encoding = self._encoding or encoding

    def _refuse_dtd(self, *declaration: Any) -> None:
        raise UserError(f"{self._name}: has a DTD, which may define entities and is never read: remove its <!DOCTYPE>")

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        if self._row:
            self._row.append(_Element({} if self._trouble else attributes))
            if len(self._row) > self._options.max_depth:
                self._trouble = too_deep(f"<{tag}>", self._options.max_depth)
        elif tag == self._options.row_tag or (not self._options.row_tag and len(self._around) == 1):
            self._row = [_Element(attributes)]
            self._row_tags.add(tag)
            self._size = 0
        else:
            self._around.append(tag)
            if len(self._around) > self._options.max_depth:
                depth = f"its elements nest more than {self._options.max_depth} deep before any row begins"
                raise UserError(f"{self._name}: {depth}: name the row's element with `row_tag`, or fetch it again")
            return
        self._measure(2 * len(tag) + len("<></>") + sum(map(len, attributes.values())))  # empty elements take memory too

    def _close(self, tag: str) -> None:
        if not self._row:
            self._around.pop()
            return
        element = self._row.pop()
        if self._row and not self._trouble:
            self._row[-1].add(tag, element)
        elif not self._row:
            self._done.append(self._trouble or element.row())
            self._trouble = None

    def _text(self, text: str) -> None:
        if self._row and not self._trouble:
            element = self._row[-1]
            element.text.append(text)
            element.mixed |= not text.isspace()
            self._measure(len(text))

    def _measure(self, more: int) -> None:
        self._size += more
        if self._size > self._options.max_row_bytes and not self._trouble:
            self._trouble = too_long("".join(self._row[-1].text)[:1000], self._options.max_row_bytes)
            self._row[-1].text.clear()
