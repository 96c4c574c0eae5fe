"""How the files of a source are read: their format, what counts as a row, the bounds that keep any file harmless."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from polymath.config import Config, Words

FormatName = Literal["json", "jsonl", "csv", "tsv", "parquet", "arrow", "text", "xml"]
MB = 1_000_000


def _known_encoding(name: str) -> str:
    """Refuse an encoding that Python lacks before any file is opened."""
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError("Python knows no such text encoding; utf-8, utf-16, latin-1, cp1252 are common") from error
    return name


class ReadOptions(Config):
    """What a source entry may say about its files; the defaults read most public datasets as they are."""

    format: Literal["auto"] | FormatName = "auto"
    """`auto` goes by the file's name, and by its content where the name says nothing or lies."""
    rows_at: str = ""
    """Where a JSON document keeps its rows: keys with dots between, `*` for every element (`data.*.paragraphs`)."""
    columns: Words = ()
    """Names for the columns of a csv or tsv file that has no header."""
    delimiter: str = Field(default="", max_length=1)
    """Between the cells of a csv or tsv file; empty: a comma, or a tab for tsv."""
    quote: str = Field(default='"', max_length=1)
    """Around cells of a csv or tsv file; empty: quotes are ordinary text, as in many tsv files."""
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    """Of json, csv, text and xml files."""
    unit: Literal["file", "line", "paragraph", "pieces"] = "file"
    """What one row of a text file is. `pieces` cuts a book at headings and between paragraphs, and loses nothing."""
    max_words: int = Field(default=2000, ge=1, le=1_000_000)
    """Words per piece; a longer paragraph is cut between its lines, a longer line not at all."""
    row_tag: str = ""
    """The XML element that is a row; empty: every child of the document's root."""
    members: Words = ()
    """Which members of an archive to read, as name patterns (`*.json`; `*` also spans folders); empty: all but junk."""
    outside: bool = False
    """Allow paths and links that lead out of the source's root; of a hub dataset, a local folder outside the project."""
    max_row_mb: float = Field(default=50, gt=0)
    """A longer row is set aside as `too_long`."""
    max_depth: int = Field(default=200, ge=1, le=250)
    """Nested brackets or elements in one row; a deeper one is set aside as `too_deep`."""
    max_ratio: float = Field(default=200, ge=1)
    """A file that unpacks to more than 1 GB and to more than this many times its size is refused as a bomb."""
    batch_rows: int = Field(default=2000, ge=1)
    batch_mb: float = Field(default=16, gt=0)
    """A batch ends at so many rows, or soon after so many megabytes of text."""

    @cached_property
    def max_row_bytes(self) -> int:
        """The longest row that is read, in bytes."""
        return int(self.max_row_mb * MB)

    @cached_property
    def batch_bytes(self) -> int:
        """The bytes after which a batch ends."""
        return int(self.batch_mb * MB)
