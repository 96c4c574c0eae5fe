"""What a probe is: prompts by language, and the scorers that judge the replies. `conf/base/parameters/probes.yml` has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, RootModel, model_validator

from polymath.config import Config, Explained
from polymath.evaluation.probes.scorers import NEEDS_EXPECT, NEEDS_SIBLINGS, scorers


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _item(value: Any) -> Any:
    return {"ask": value} if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]
"""Whole texts: one, or a list of them."""


class Item(Config):
    """One thing that is asked; a bare string in YAML is its `ask`."""

    ask: Texts = Field(min_length=1)
    """The prompt; or several wordings of it, each asked by itself."""
    before: Texts = ()
    """Earlier turns of the user, each answered by the model before the next."""
    system: str | None = None
    """A system prompt."""
    expect: Texts = ()
    """Any of these should be in the reply (`mentions`)."""
    language: str | None = None
    """Of the reply, where it is not that of the prompt."""


class Probe(Config):
    """Prompts, and what their replies are judged by."""

    about: str
    """What it looks for."""
    form: Literal["conversation", "text"] = "conversation"
    """conversation: through the chat template; text: the model continues the prompt, as a base model does."""
    scorers: dict[str, dict[str, Any] | None]
    """By name, with their limits; null: left out. A reply's score is the least that one of them gives."""
    prompts: dict[str, tuple[Annotated[Item, BeforeValidator(_item)], ...]]
    """By language (ISO 639)."""
    samples: int = Field(1, ge=1)
    """Replies to each prompt."""
    temperature: float | None = Field(None, ge=0)
    """In place of the run's."""
    max_new_tokens: int | None = Field(None, ge=1)
    """In place of the run's."""

    @property
    def chosen(self) -> dict[str, Mapping[str, Any]]:
        """Scorers that are not left out, with their options checked."""
        return {name: scorers.options(name, given, "scorers") for name, given in self.scorers.items() if given is not None}

    @model_validator(mode="after")
    def _scorers_have_what_they_need(self) -> Probe:
        for name in self.chosen:
            for item in (item for items in self.prompts.values() for item in items):
                if name in NEEDS_EXPECT and not item.expect:
                    raise ValueError(f"scorers.{name} needs `expect` in every item, and {item.ask[0]!r} has none")
                if name in NEEDS_SIBLINGS and len(item.ask) * self.samples < 2:
                    raise ValueError(f"scorers.{name} compares replies, and {item.ask[0]!r} has one: give wordings or samples")
        if self.samples > 1 and not self.temperature:
            raise ValueError(f"{self.samples} samples of each prompt are all the same without a temperature above 0")
        return self


class Probes(Explained, RootModel[dict[str, Probe | None]]):
    """`params:probes`, by name; null leaves a probe out."""

    @property
    def chosen(self) -> dict[str, Probe]:
        """Those that are asked."""
        return {name: probe for name, probe in self.root.items() if probe is not None}
