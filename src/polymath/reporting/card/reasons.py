"""Why a record was removed, in words that need no other page."""

import inspect
import re
from collections.abc import Mapping
from typing import Any

from polymath.pipelines.curate.filters import filters
from polymath.reporting.card.words import NARROW, amount

LIMIT = re.compile(r"`(\w*?)`")
SUBJECT = re.compile(r"of the (\w+)")


def explain(reason: str, limits: Mapping[str, Any], threshold: float, min_coverage: float) -> str:
    """One sentence: what makes a record fall under this reason."""
    known = {
        "copy": "The same text stands in a record that was kept.",
        "near_duplicate": f"At least {_percent(threshold)} of its runs of words are those of a record that was kept.",
        "benchmark_leak": f"It holds at least {_percent(min_coverage)} of the words of a benchmark's item, in runs of words.",
        "over_source_cap": "Its source has more records than the cap allows; the best-ranked stay.",
        "over_concept_cap": "Its subject has more records than the cap allows; the best-ranked stay.",
        "straddles_split": "Its passage or prompt stands in another split (train, validation, test) already.",
    }
    return known.get(reason) or described(reason, limits)


def described(name: str, limits: Mapping[str, Any]) -> str:
    """The first paragraph of a filter's docstring, with its limits in place of their names."""
    if name not in filters:
        return ""
    values = {**defaults(name), **limits}
    text = " ".join((inspect.getdoc(filters[name]) or "").split("\n\n")[0].split())
    return LIMIT.sub(lambda found: _value(values, found[1], text), text)


def defaults(name: str) -> dict[str, Any]:
    """A filter's limits where nothing else is said."""
    parameters = inspect.signature(filters[name]).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def axis(name: str, limits: Mapping[str, Any]) -> str:
    """What a filter measures, as the title of an axis."""
    keys = list({**defaults(name), **limits})
    if len(keys) != 1:
        return "largest share, as a multiple of its limit" if keys else "likeness to its task"
    unit = re.sub(r"^(min|max)_", "", keys[0]).replace("_", " ")
    if unit == "share":
        return f"share of the {(SUBJECT.search(inspect.getdoc(filters[name]) or '') or ['', 'text'])[1]}"
    return {"different": "different stop words", "per word": "number per word"}.get(unit, unit)


def in_percent(name: str, limits: Mapping[str, Any]) -> bool:
    """What a filter measures is a share."""
    return axis(name, limits).startswith("share of")


def _value(values: Mapping[str, Any], name: str, sentence: str) -> str:
    """A limit as people write it: shares in percent, and a unit where the sentence has none."""
    key = next((key for key in values if key == name or (name.startswith("_") and key.endswith(name))), None)
    value = values.get(key or "")
    if not isinstance(value, int | float):
        return name
    if "share" in (key or ""):
        return _percent(value)
    unit = (key or "").rpartition("_")[2]
    return amount(value) if unit.removesuffix("s") in sentence.replace(f"`{name}`", "") else f"{amount(value)} {unit}"


def _percent(share: float) -> str:
    return f"{100 * share:g}{NARROW}%"
