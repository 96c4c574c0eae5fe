"""The library of sources: one YAML entry each, and the choice that a run makes from it."""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from pydantic import Field, field_validator, model_validator

from polymath.config import Config, Words
from polymath.errors import UserError, choices, unknown
from polymath.records import TEXT_FIELDS
from polymath.sources.location import Location
from polymath.tasks import TASKS

Tier = Literal["high", "medium", "low"]
TIERS: tuple[Tier, ...] = get_args(Tier)
MAPPABLE = (*TEXT_FIELDS, "group", "language", "extra")
SELECTORS = ("tier", "task", "licence", "kind", "language", "split", "gated")


class Source(Location):
    """One data source, in the words of its own dataset card."""

    former: Words = ()
    """Earlier hub ids of the same dataset."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Record field -> where it stands in the row: `question`, `answers.text`, `output|response`, `title+body` (see mapping)."""
    adapter: str | None = None
    """A function of `adapters.py`, for rows that `fields` cannot describe."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Options of the adapter."""
    labels: tuple[str, ...] = ()
    """Names of the classes 0, 1, 2...; they become `choices`, and a label may be given by number or by name."""
    task: str
    recipes: Words = ()
    """Which of its task's recipes make examples of it; all that apply when empty."""
    tier: Tier = "medium"
    language: str | None = None
    """Two-letter code when the whole source is in one language."""
    html_entities: bool = True
    """Turn `&amp;` and the like into characters; off for code, where they are the text."""
    benchmark_splits: Words = ()
    """Splits that a benchmark scores: never training data."""
    gated: bool = False
    """The hub asks to accept terms first."""
    home: str | None = None
    """A page that describes it."""
    size: str | None = None
    """Rows of the whole, as its card says, e.g. `87,599`."""
    version: int = Field(1, ge=1)
    """Raised when the entry's meaning changes."""

    @field_validator("task")
    @classmethod
    def _known_task(cls, value: str) -> str:
        if value not in TASKS:
            raise UserError(f"{value!r} is not a task; {choices(value, TASKS)}")
        return value

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if name not in MAPPABLE:
                raise UserError(f"{name!r} is not a record field; {choices(name, MAPPABLE)}")
        return value

    @model_validator(mode="after")
    def _has_a_mapping(self) -> "Source":
        if not self.fields and not self.adapter and self.kind != "embedded":
            raise UserError("an entry needs `fields` (record field: column) or an `adapter`")
        return self


class LicencePolicy(Config):
    """Which licences a run accepts; a refused source is not even downloaded. `*` stands for anything, case does not count."""

    allow: Words = ("*",)
    """Patterns of which a licence must match one: `MIT`, `CC-BY-*`, `public domain`."""
    deny: Words = ()
    """Patterns of which neither it nor a part of it may match one: `NC` for no non-commercial ones (CC-BY-NC-4.0 has the parts
    CC, BY, NC, 4.0), `unknown` for none that are not stated."""

    def refuses(self, licence: str) -> str | None:
        """Why a licence is refused, in the words of the policy; None when it is not."""
        parts = [licence, *re.split(r"[\s,-]+", licence)]
        denied = next((pattern for pattern in self.deny if any(_like(part, pattern) for part in parts)), None)
        if denied is not None:
            return f"run.licences.deny has {denied!r}"
        if not any(_like(licence, pattern) for pattern in self.allow):
            return f"run.licences.allow has only {', '.join(map(repr, self.allow)) or 'nothing'}"
        return None


def _like(licence: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(licence.casefold(), pattern.casefold())


def licensed(chosen: Mapping[str, Source], wanted: Iterable[str], policy: LicencePolicy) -> tuple[dict[str, Source], list[str]]:
    """The chosen sources that the policy accepts, and the names of the others.

    A pattern or a selector in `wanted` takes what it may; a source that is asked for by its own name and refused is a
    UserError, for then the run would not hold what its command says.
    """
    refused = {name: why for name, source in chosen.items() if (why := policy.refuses(source.licence))}
    named = [name for name in wanted if name in refused]
    if named:
        name = named[0]
        more = f" (and {len(named) - 1} more: {', '.join(named[1:])})" if len(named) > 1 else ""
        raise UserError(
            f"{name} is under {chosen[name].licence}, which this run does not accept: {refused[name]}{more}; "
            "leave it out of run.sources, or change the policy"
        )
    if chosen and len(refused) == len(chosen):
        raise UserError(f"run.licences leaves none of the {len(chosen)} chosen sources; allow more licences, or choose others")
    return {name: source for name, source in chosen.items() if name not in refused}, list(refused)


def renamed(library: Mapping[str, Source]) -> dict[str, str]:
    """Hub ids that are no more, and the id that each dataset has now, as the entries tell."""
    hub = [source for source in library.values() if source.kind == "hub"]
    return {old: source.path[0] for source in hub for old in source.former if old != source.path[0]}


def choose(library: Mapping[str, Source], wanted: Iterable[str]) -> dict[str, Source]:
    """The sources a run uses, in the order of `wanted`: names, globs (`python_*`), selectors (`tier:high`, `task:chat`), `all`.

    Selectors joined by `&` must all hold: `tier:high&task:chat`. Raises UserError for a word that selects nothing.
    """
    chosen: dict[str, Source] = {}
    for word in wanted:
        found = {name: source for name, source in library.items() if all(_selects(p, name, source) for p in word.split("&"))}
        if not found and ":" not in word and "&" not in word:
            raise unknown("run.sources", word, "source", library)
        if not found:
            raise UserError(
                f"run.sources: no source is {word!r}; selectors are {', '.join(SELECTORS)}, as in tier:high&task:chat"
            )
        chosen |= {name: source for name, source in found.items() if name not in chosen}
    if not chosen:
        raise UserError("run.sources is empty; name sources, or a selector such as tier:high, or all")
    return chosen


def _selects(word: str, name: str, source: Source) -> bool:
    if word == "all":
        return True
    if ":" not in word:
        return fnmatch.fnmatchcase(name, word)
    attribute, value = word.split(":", 1)
    if attribute not in SELECTORS:
        raise UserError(f"run.sources: {attribute!r} is not a selector; {choices(attribute, SELECTORS)}")
    return str(getattr(source, attribute)).casefold() == value.casefold()
