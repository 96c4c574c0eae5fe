"""What Python says about itself, as records: harvested docstrings and functions turned into each embedded source's rows."""

import random
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pydoc_data.topics import topics
from typing import Any

from polymath.sources.python_preferences import preference
from polymath.sources.python_questions import questions

Row = dict[str, Any]
Page = tuple[str, list[Row]]
"""The name of a module or topic, and its rows."""
Harvest = Sequence[dict[str, Any]]
"""One entry a module: `module`, `things` (name, kind, doc), `functions` (name, head, doc, code) and `comments`, as `harvest.py`
writes."""

TOPIC_WORDS = 400
"""About how long a piece of the language reference is."""
CHOICES = 4
LARGEST_PACKAGES = 20
SUMMARY_WORDS = range(3, 61)
_SIGNATURES = re.compile(r"(?:[\w.]+\([^\n]*\)[^\n]*\n)+\s*\n")
_SIGNED = re.compile(r"[\w.]+\([^\n]*?\)\s*(?:-+>\s*(?:[\w ,()]+\s--\s+|None\.?\s+)?|--?\s+)(?=\w)")
_NO_PROSE = re.compile(r"->|>>>|\) = \w+\(|^\w+ = \w+\(")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z`:])")
_HEADING = re.compile(r"[^\n]+\n([=*~^-])\1{2,}\n?$")


def topic_pages(harvest: Harvest) -> Iterator[Page]:
    """The language reference, topic by topic, in pieces of about a section."""
    for topic in sorted(topics):
        pieces = list(_pieces(topics[topic], TOPIC_WORDS))
        yield topic, [{"text": piece, "group": topic} for piece in pieces]


def comment_pages(harvest: Harvest) -> Iterator[Page]:
    """What a module's authors wrote to one another in its comments, in pieces of about a section."""
    for module in harvest:
        pieces = _pieces("\n\n".join(dict.fromkeys(module["comments"])), TOPIC_WORDS)
        yield module["module"], [{"text": piece, "group": module["module"]} for piece in pieces if piece]


def doc_pages(harvest: Harvest) -> Iterator[Page]:
    """What a module, class, function, method or property is for: its docstring, as often as it is inherited."""
    for module in harvest:
        rows = []
        for thing in module["things"]:
            name = _full_name(module, thing)
            rows.append({"prompt": _question(name, thing["kind"]), "reply": _prose(thing["doc"]), "group": name})
        yield module["module"], rows


def code_pages(harvest: Harvest) -> Iterator[Page]:
    """A function's signature and docstring, and its code. Methods are left out: they lean on a class that is not shown."""
    for module in harvest:
        rows = []
        for function in module["functions"]:
            if "." not in function["name"]:
                doc = textwrap.indent(f'"""{function["doc"]}"""', "    ")
                prompt = f"{function['head']}\n{doc}"
                rows.append({"prompt": prompt, "reply": function["code"], "group": _full_name(module, function)})
        yield module["module"], rows


def summary_pages(harvest: Harvest) -> Iterator[Page]:
    """A method's code, without its docstring, and the sentence that sums it up."""
    for module in harvest:
        rows = []
        for function in module["functions"]:
            summary = _summary(_prose(function["doc"]))
            if "." in function["name"] and summary:
                rows.append({"context": function["code"], "reply": summary, "group": _full_name(module, function)})
        yield module["module"], rows


def choice_pages(harvest: Harvest) -> Iterator[Page]:
    """Which of four summaries describes a name; the other three are of its own module where that has so many."""
    pages = list(_described(harvest))
    everywhere = sorted({summary for _, described in pages for _, summary in described})
    for module, described in pages:
        here = sorted({summary for _, summary in described})
        rows = []
        for name, summary in described:
            draw = random.Random(name)
            wrong = _others(here if len(here) >= CHOICES else everywhere, summary, draw)
            label = draw.randrange(len(wrong) + 1)
            choices = [*wrong[:label], summary, *wrong[label:]]
            question = f"Which of these describes {name}?"
            rows.append({"prompt": question, "choices": choices, "label": label, "group": name})
        yield module, rows


def package_pages(harvest: Harvest) -> Iterator[Page]:
    """Which of the twenty packages that say most a name and its summary belong to; neither spells out the package.

    Of a single package, its modules.
    """
    pages = list(_described(harvest))
    parts = 1 if len({module.partition(".")[0] for module, _ in pages}) > 1 else 2
    package_of = {module: ".".join(module.split(".")[:parts]) for module, _ in pages}
    sizes = Counter(package_of[module] for module, described in pages for _ in described)
    classes = sorted(package for package, _ in sizes.most_common(LARGEST_PACKAGES))
    for module, described in pages:
        package = package_of[module]
        if package in classes:
            label = classes.index(package)
            given_away = re.compile(rf"\b{re.escape(package.rpartition('.')[2])}\b", re.IGNORECASE)
            rows = []
            for name, summary in described:
                text = given_away.sub("…", f"{name.removeprefix(module + '.')}: {summary}")
                rows.append({"text": text, "choices": classes, "label": label, "group": name})
            yield module, rows


def question_pages(harvest: Harvest) -> Iterator[Page]:
    """What the docstring of a name says in its own words when it is asked; some questions it leaves open."""
    for module, things in _first_said(harvest):
        rows = []
        for name, kind, doc in things:
            for question, answer in questions(name, kind, doc):
                replies = [] if answer is None else [answer]
                rows.append({"context": doc, "prompt": question, "replies": replies, "group": name})
        yield module, rows


def preference_pages(harvest: Harvest) -> Iterator[Page]:
    """What sums up a name, against a sentence that is worse by one of four rules (`extra.worse`)."""
    for module, described in _described(harvest):
        summaries = [summary for _, summary in described]
        pairs = [(name, preference(name, summary, summaries)) for name, summary in described]
        yield module, [{**pair, "group": name} for name, pair in pairs if pair]


PAGES: dict[str, Callable[[Harvest], Iterator[Page]]] = {
    "python_topics": topic_pages,
    "python_comments": comment_pages,
    "python_docs": doc_pages,
    "python_code": code_pages,
    "python_summaries": summary_pages,
    "python_choices": choice_pages,
    "python_packages": package_pages,
    "python_questions": question_pages,
    "python_preferences": preference_pages,
}
"""The embedded sources by name."""


def _first_said(harvest: Harvest) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Per module: name, kind and prose of what is first documented there, so that no docstring stands for two names."""
    seen: set[str] = set()
    for module in harvest:
        things = []
        for thing in module["things"]:
            doc = _prose(thing["doc"])
            if thing["name"] and doc not in seen:
                seen.add(doc)
                things.append((_full_name(module, thing), thing["kind"], doc))
        yield module["module"], things


def _described(harvest: Harvest) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Per module: names with a summary that no name before them has."""
    seen: set[str] = set()
    for module, things in _first_said(harvest):
        described = []
        for name, _, doc in things:
            summary = _summary(doc)
            if summary and summary not in seen:
                seen.add(summary)
                described.append((name, summary))
        yield module, described


def _others(summaries: list[str], right: str, draw: random.Random) -> list[str]:
    drawn = draw.sample(summaries, min(CHOICES, len(summaries)))
    return [summary for summary in drawn if summary != right][: CHOICES - 1]


def _full_name(module: dict[str, Any], thing: dict[str, str]) -> str:
    return f"{module['module']}.{thing['name']}" if thing["name"] else module["module"]


def _question(name: str, kind: str) -> str:
    if kind == "module":
        return f"What is the {name} module for?"
    return f"What is {name}?" if kind in ("class", "property") else f"What does {name} do?"


def _prose(doc: str) -> str:
    """The docstring without the signatures that those of built-in functions begin with."""
    text = doc.strip()
    for pattern in (_SIGNATURES, _SIGNED):
        found = pattern.match(text)
        text = text[found.end() :].strip() if found else text
    return text


def _summary(prose: str) -> str:
    """The first sentence, in one line; empty where it says next to nothing or is a list of signatures."""
    paragraph = " ".join(prose.split("\n\n", 1)[0].split())
    sentence = _SENTENCE_END.split(paragraph, maxsplit=1)[0]
    return sentence if len(sentence.split()) in SUMMARY_WORDS and not _NO_PROSE.search(sentence) else ""


def _pieces(text: str, max_words: int) -> Iterator[str]:
    """The text cut before underlined headings, and between paragraphs where a section is longer than `max_words`."""
    piece: list[str] = []
    words = 0
    for paragraph in re.split(r"\n{2,}", text.strip("\n")):
        size = len(paragraph.split())
        heading = _HEADING.match(paragraph)
        if piece and (words + size > max_words or (heading and words > max_words // 4)):
            yield "\n\n".join(piece)
            piece, words = [], 0
        piece.append(paragraph)
        words += size
    yield "\n\n".join(piece)
