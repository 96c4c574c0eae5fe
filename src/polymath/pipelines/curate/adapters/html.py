"""HTML of forum posts as text: paragraphs, lists, quotes and code stay recognisable, everything else is left out."""

import re
from html.parser import HTMLParser

_BLOCKS = {"p", "div", "ul", "ol", "table", "tr", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
_ITEM = "\n- "
_SILENT = {"script", "style", "head"}
# The parser looks for the end of a tag or of a comment again from every one of many that have none.
_NO_TAG = re.compile(r"<(?=[^<>]*+(?:<|\Z))")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SPACES = re.compile(r"[ \t\r\n]+")
_MANY_LINES = re.compile(r"\n{3,}")


def html_text(html: str) -> str:
    """The text of a post: blank lines between blocks, `- ` before items, `> ` before quotes, fences around code.

    Inline code stands between backticks, verbatim; links keep their words, images are left out.
    """
    reader = _Reader()
    reader.feed(_NO_TAG.sub("&lt;", _without_comments(html)))
    reader.close()
    return reader.text()


def _without_comments(html: str) -> str:
    """The HTML without its comments; what opens one that never closes is text."""
    last = html.rfind("-->")
    end = last + len("-->") if last >= 0 else 0
    return _COMMENT.sub("", html[:end]) + html[end:].replace("<!--", "&lt;!--")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._marks: list[int] = []  # where each open quote began
        self._silent = 0
        self._code = False  # inside <pre>, where spaces count

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._parts.append("\n")
        elif tag == "li":
            self._parts.append(_ITEM)
        elif tag in _BLOCKS and not self._at_item():
            self._parts.append("\n\n")
        if tag == "blockquote":
            self._marks.append(len(self._parts))
        elif tag == "pre":
            self._parts.append("```\n")
            self._code = True
        elif tag == "code" and not self._code:
            self._parts.append("`")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre" and self._code:
            self._code = False
            self._parts.append("```" if self._parts[-1].endswith("\n") else "\n```")
        elif tag == "code" and not self._code:
            self._parts.append("`")
        elif tag == "blockquote" and self._marks:
            start = self._marks.pop()
            quoted = _tidy("".join(self._parts[start:]))
            self._parts[start:] = ["\n".join(f"> {line}".rstrip() for line in quoted.splitlines())]
        if tag in _BLOCKS:
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent and not (data.isspace() and self._at_item()):
            self._parts.append(data if self._code else _SPACES.sub(" ", data))

    def _at_item(self) -> bool:
        """Whether nothing stands after the mark of an item yet: its first paragraph begins beside the mark."""
        return bool(self._parts) and self._parts[-1] == _ITEM

    def text(self) -> str:
        return _tidy("".join(self._parts))


def _tidy(text: str) -> str:
    """At most one blank line on end outside fences, no spaces at the ends of lines."""
    pieces = re.split(r"(^```\n.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    for number in range(0, len(pieces), 2):
        lines = "\n".join(line.strip() for line in pieces[number].split("\n"))
        pieces[number] = _MANY_LINES.sub("\n\n", lines)
    return "".join(pieces).strip()
