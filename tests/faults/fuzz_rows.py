"""Rows for the fuzzer: those that every entry of the library reads, with parts dropped, retyped, or replaced by anything."""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from kedro.config import OmegaConfigLoader

from tests.conftest import ROOT
from tests.pipelines.curate.adapters.test_any_row import VALID, WHOLE
from tests.pipelines.curate.adapters.test_library import ROWS

OF_AN_ENTRY = ("task", "fields", "adapter", "options", "labels", "language", "html_entities")
FRAGMENTS = (
    "begin 644 x\n", "> ", " = ", "[INST]", "[/INST]", "<blockquote>", "<li><pre>", "&amp;", "&#xD800;", "&#0;", "Ã©", "â€",
    "tl;dr ", "\\boxed{", "\n\nHuman: ", "### Assistant: ", " \t", "writes ", "x: y\n", "*** START OF THE PROJECT GUTENBERG",
    "Chapter 1\n\n", "(", "'", '"', "####", "<<", "answer is ", "ที่มา : ", "\U0001f9ea", "e\u0301", "word ", "\r", "\n\n", "-",
)  # fmt: skip
ODD_TEXTS = (
    "", "   ", "\0", "\x1b[2J\x1b[31m", "\u2028", "\ufeff", "\ud800", "a\udfffb", "-1", "NaN", "1e999", "9" * 5000, "None",
    "b'a', 1", "b'\\xff'", "b'" + "(" * 300, "['\\ud800']", "[" * 300, "['a'", "[1, [2]]", "{", "null", "<![CDATA[", "</p>",
    "http://[::1", "s3cret\r\nX: y", "ก็" * 20, "﷽" * 9, "a" * 3000, "1 " * 900,
)  # fmt: skip
NUMBERS = (0, 1, -1, 3, 99, 2**31, 2**40, 2**63, 2**64, -(2**63), 0.5, 1e308, float("inf"), float("-inf"), float("nan"))


@dataclass(frozen=True)
class Shape:
    """What the rows of one entry are like, and how the entry reads them."""

    entry: dict[str, Any]
    rows: list[Any]

    @property
    def adapter(self) -> str | None:
        return self.entry.get("adapter")


@cache
def shapes() -> dict[str, Shape]:
    """A shape for every entry of the library, and one for every adapter that only the sample files use."""
    loader = OmegaConfigLoader(
        str(ROOT / "conf"), env="samples", base_env="base", default_run_env="base", merge_strategy={"parameters": "soft"}
    )
    sources = {name: entry for name, entry in loader["parameters"]["sources"].items() if entry["kind"] != "embedded"}
    rows = {name: ROWS[name] for name in sources if name in ROWS}
    served = {sources[name].get("adapter") for name in rows}
    for name, entry in sources.items():
        adapter = entry.get("adapter")
        if adapter not in served:
            served.add(adapter)
            rows[name] = (VALID | WHOLE)[adapter]
    return {
        name: Shape(
            {key: sources[name][key] for key in OF_AN_ENTRY if key in sources[name]},
            rows[name] if isinstance(rows[name], list) else [rows[name]],
        )
        for name in sorted(rows)
    }


def rows_of(shape: Shape, rng: random.Random) -> list[Any]:
    """Some rows: the valid ones again and again, numbered so that they differ, some of them spoilt, some out of order."""
    spoilt = rng.choice((0.0, 0.1, 0.5, 1.0))
    made = [_numbered(row, turn) for turn in range(rng.choice((1, 2, 5, 20))) for row in shape.rows]
    made = [spoil(row, rng) if rng.random() < spoilt else row for row in made]
    if rng.random() < 0.2:
        rng.shuffle(made)
    return made


def _numbered(value: Any, turn: int) -> Any:
    """Texts of several words get a number; names that rows refer to each other by get it too."""
    if isinstance(value, dict):
        return {key: _numbered(inner, turn) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbered(inner, turn) for inner in value]
    return f"{value} {turn}" if turn and isinstance(value, str) and " " in value.strip() else value


def spoil(row: Any, rng: random.Random) -> Any:
    """The row with one to three of its parts, at any depth, changed."""
    holder = {"row": copy.deepcopy(row)}
    for _ in range(rng.randint(1, 3)):
        if places := list(_places(holder)):
            inner, key = rng.choice(places)
            rng.choice(CHANGES)(inner, key, rng)
    return holder.get("row")


def _places(holder: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with the key or the number of every element."""
    for key in list(holder) if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


def _replace(inner: Any, key: Any, rng: random.Random) -> None:
    inner[key] = rng.choice((_odd_text, _number, _nothing, _fragments, _nested, _wrapped))(inner[key], rng)


def _drop(inner: Any, key: Any, rng: random.Random) -> None:
    del inner[key]


def _rename(inner: Any, key: Any, rng: random.Random) -> None:
    if isinstance(inner, dict):
        inner[rng.choice((f"{key} ", key.upper(), "", "\x1b[31m" + key, "q\nq"))] = inner.pop(key)


def _add(inner: Any, key: Any, rng: random.Random) -> None:
    if isinstance(inner, dict):
        inner[rng.choice(("extra", "id", "parent_id", "message_id", "Id", "label", "text"))] = copy.deepcopy(inner[key])
    else:
        inner.append(copy.deepcopy(inner[key]))


CHANGES: tuple[Callable[[Any, Any, random.Random], None], ...] = (_replace, _replace, _replace, _drop, _rename, _add)


def _odd_text(value: Any, rng: random.Random) -> Any:
    return rng.choice(ODD_TEXTS)


def _number(value: Any, rng: random.Random) -> Any:
    return rng.choice(NUMBERS)


def _nothing(value: Any, rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice((None, [], {}, True, False, [None], {"": None}, [[]])))


def _fragments(value: Any, rng: random.Random) -> Any:
    """What regular expressions stumble over, often on end, sometimes around the text that was there."""
    fragment = rng.choice(FRAGMENTS) + rng.choice(("", "", *FRAGMENTS))
    longest = 80_000 if fragment.isprintable() else 2_000  # a line may be a row
    repeated = fragment * (rng.choice((4, 40, 200, 2_000, longest)) // len(fragment) + 1)
    return rng.choice((repeated, f"{value}{repeated}", f"{repeated}{value}"))


def _nested(value: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice((2, 20, 150, 250))):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _wrapped(value: Any, rng: random.Random) -> Any:
    return rng.choice(([value], [value, value], {"text": value}, {"label": value, "text": [value]}, str(value)))
