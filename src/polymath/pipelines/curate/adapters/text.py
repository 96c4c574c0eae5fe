"""Plain text in odd clothes: newsgroup posts, government news, whole books, articles spread over lines."""

import re
from typing import Any, Literal

from polymath.config import Words
from polymath.pipelines.curate.adapters.kinds import PlacedRecords, Record, Records, Rows, adapters, whole_adapters
from polymath.pipelines.curate.adapters.values import Expression, attempt, said, shared, text
from polymath.sources.options import ReadOptions
from polymath.sources.rows import Place, Unfit
from polymath.sources.text_rows import read_text

_HEADER = re.compile(r"(?:[A-Za-z][^\s:]*:[^\n]*\n(?:[ \t][^\n]*\n)*)+\n")
_GROUPS = re.compile(r"^Newsgroups:(.*)$", re.MULTILINE | re.IGNORECASE)
_ATTACHMENT_BEGINS, _ATTACHMENT_ENDS = (re.compile(line, re.MULTILINE) for line in (r"^begin \d{3} ", r"^end$"))
_QUOTED = re.compile(r"^(?:[ \t]*[>|:}].*|.*(?:\bwrites?|\bwrote|\bsays)[ \t]*:[ \t]*|In article.*)(?:\n|\Z)", re.MULTILINE)
_SIGNED = re.compile(r"^--[ \t]*\n.*\Z", re.MULTILINE | re.DOTALL)
_START = re.compile(r"^\*{3}\s*START OF TH(?:E|IS) PROJECT GUTENBERG[^*]*\*{3}[^\n]*$", re.MULTILINE | re.IGNORECASE)
_END = re.compile(r"^(?:\*{3}\s*END OF TH(?:E|IS) PROJECT GUTENBERG|End of (?:the )?Project Gutenberg)", re.MULTILINE | re.I)
_TITLE = re.compile(r"^(?:Title:\s*(.+)|\[(.+)\])\s*$", re.MULTILINE)
_HEADING = re.compile(r"\s*((?:= )+)(.+?)((?: =)+)\s*")
_SPLIT_WORD = re.compile(r" @([-,.])@ ")
_THAI_PREFIX = "รัฐบาลไทย-ข่าวทำเนียบรัฐบาล-"
_THAI_NOISE = re.compile(r"วัน\S*ที่ \d.*|พิมพ์")
_THAI_ORIGIN = re.compile(r"\n+ที่มา\s*:\s*(\S+)\s*\Z")


@adapters.register
def newsgroup(row: Any, *, groups: Words = (), quotes: bool = False) -> Records:
    """A post without its header, signature, attachments and (unless `quotes`) quoted lines.

    With `groups`, the class is the first of them that the header names; a post to several groups belongs to the first.
    """
    post = text(row, "text").replace("\r\n", "\n")
    header = _HEADER.match(post)
    body = _without_attachments(post[header.end() :] if header else post)
    body = _SIGNED.sub("", body if quotes else _QUOTED.sub("", body)).strip()
    record: Record = {"text": body}
    if groups:
        named = _GROUPS.search(header[0]) if header else None
        posted_to = [group.strip() for group in named[1].split(",")] if named else []
        record["label"] = next((group for group in posted_to if group in groups), None)
    yield record


def _without_attachments(post: str) -> str:
    """The post without what was written in uuencode; an attachment that never ends is text."""
    kept, end = list[str](), 0
    for begins in _ATTACHMENT_BEGINS.finditer(post):
        if begins.start() < end:
            continue
        ends = _ATTACHMENT_ENDS.search(post, begins.end())
        if ends is None:
            break
        kept.append(post[end : begins.start()])
        end = ends.end()
    return "".join([*kept, post[end:]])


@adapters.register
def thaigov(row: Any, *, headline: bool = False) -> Records:
    """News of the Thai government: topic, blank line, body, address. With `headline`, the topic is the reply to the body.

    The topic is repeated in the body, after a date and the label of a print button: these lines are left out.
    """
    topic, _, body = text(row, "text").strip().partition("\n")
    topic = topic.removeprefix(_THAI_PREFIX).strip()
    origin = _THAI_ORIGIN.search(body)
    lines = [line.strip() for line in (body[: origin.start()] if origin else body).split("\n")]
    kept = [line for line in lines if line and line != topic and not _THAI_NOISE.fullmatch(line)]
    body = "\n".join(kept)
    extra = said(address=origin[1] if origin else None)
    if headline:
        yield {"context": body, "reply": topic, "extra": extra}
    else:
        yield {"text": f"{topic}\n\n{body}", "extra": {"title": topic, **extra}}


@adapters.register
def book(row: Any, *, column: Expression = "text", max_words: int = 2000) -> Records:
    """A whole book in pieces of about a chapter, all in one group; Project Gutenberg's notices before and after are cut off."""
    whole = text(row, column)
    start, end = _START.search(whole), _END.search(whole)
    title = _TITLE.search(whole[: start.end() if start else 200])
    body = whole[start.end() if start else 0 : end.start() if end else len(whole)]
    group = next(filter(None, title.groups())).strip() if title else shared(whole[:2000])
    options = ReadOptions(unit="pieces", max_words=max_words)
    pieces = [piece["text"].strip() for piece in read_text(iter([body.encode()]), group, options, 0)]
    for number, piece in enumerate(filter(None, pieces)):
        yield {"text": piece, "group": group, "extra": {"title": group, "piece": number}}


@whole_adapters.register
def wikitext(rows: Rows, *, unit: Literal["article", "section"] = "article", column: Expression = "text") -> PlacedRecords:
    """Articles put together from lines, ` = Title = ` before each, or their top sections. Holds one article.

    The marks that split words (` @-@ `, ` @,@ `) are taken back.
    """
    deepest = 1 if unit == "article" else 2
    title, held, after_blank = "", list[tuple[Place, str]](), True
    for place, row in rows:
        line = attempt(text, row, column)
        if isinstance(line, Unfit):
            yield place, line
            continue
        # A formula may look like a heading, but stands within a paragraph.
        depth, heading = _heading_of(line) if after_blank else (0, "")
        after_blank = not line.strip()
        if held and (held[0][0].file != place.file or 0 < depth <= deepest):
            yield from _article(title, held)
            held = []
        title = heading if depth == 1 else title
        if not after_blank:
            held.append((place, heading if depth else line.strip()))
    yield from _article(title, held)


def _heading_of(line: str) -> tuple[int, str]:
    """How deep a heading is and its words; 0 for any other line."""
    found = _HEADING.fullmatch(line)
    if not found or len(found[1]) != len(found[3]):
        return 0, ""
    return len(found[1]) // 2, found[2]


def _article(title: str, held: list[tuple[Place, str]]) -> PlacedRecords:
    if held:
        article = _SPLIT_WORD.sub(r"\1", "\n\n".join(line for _, line in held))
        yield held[0][0], {"text": article, "group": title or None, "extra": said(title=title or None)}
