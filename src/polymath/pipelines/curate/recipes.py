"""Recipes: the YAML by which records become examples, checked against the fields that records and tasks have."""

import string
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, RootModel, field_validator, model_validator

from polymath.config import Config, Explained, Words
from polymath.errors import UserError, choices, unknown
from polymath.records import RECORD, TEXT_FIELDS
from polymath.tasks import TASKS

TEMPLATES = ("system", "input", "reply", "expected", "text", "chosen", "rejected")
Check = Literal["same", "letter", "last_line", "tests"]
"""How a program tells whether a reply is right: it is the `same` as what is expected; its first `letter` is; its `last_line`
is `Answer: ` and what is expected; or it is a program that passes what is expected, `tests` of a line each."""
EXTRA = "extra."
"""`{extra.author}` is what a source says beside, under that name; a list is a line each. Where a record lacks it, the recipe
does not apply."""


class Recipe(Config):
    """One way to make an example of a record. It applies where every field that it names is there."""

    prompt: tuple[str, ...] = ()
    """Wordings of what is asked; each record gets one of them, always the same."""
    input: str | None = None
    """What the prompt is about: a passage, a document, code."""
    reply: str | None = None
    """What is trained on."""
    check: Check | None = None
    """How a program tells a right reply: `same`, its first `letter`, its `last_line` (`Answer: 18`), `tests` that it passes."""
    expected: str | None = None
    """What the check compares a reply with; it goes with the example, and is not trained on."""
    system: str | None = None
    """The system prompt."""
    history: bool = False
    """Put the earlier turns of the conversation before the prompt."""
    text: str | None = None
    """Plain text, trained on whole, in place of prompt and reply."""
    chosen: str | None = None
    """The better reply of a pair."""
    rejected: str | None = None
    """The worse reply of a pair."""
    without: Words = ()
    """Fields that must be missing: an instruction that has an input is not asked without it."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Field -> values of which it must have one: a paraphrase is asked for only where the pair is one."""
    verbalise: dict[str, str] = Field(default_factory=dict)
    """Words for the names of classes and options: `pos: positive`."""
    on_request: bool = False
    """Only for sources whose entry names it under `recipes`; the others are for every source of the task that names none."""
    library: bool = True
    """Whether its examples may get a system prompt of the library; not where it turns question and answer round."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the records that this recipe makes an example of, drawn by a hash."""
    variants: int = Field(1, ge=1, le=16)
    """Examples of one record, each in another wording, so that several epochs do not ask in the same words."""

    @field_validator("where", mode="before")
    @classmethod
    def _one_value_is_a_list(cls, value: object) -> object:
        return {k: (v,) if isinstance(v, str) else v for k, v in value.items()} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _variants_have_wordings(self) -> "Recipe":
        if self.variants > max(len(self.prompt), 1):
            raise UserError(f"variants: {self.variants} examples of a record, but only {len(self.prompt)} wordings")
        return self

    @model_validator(mode="after")
    def _checks_against_something(self) -> "Recipe":
        if (self.check is None) != (self.expected is None):
            raise UserError("check and expected go together: how a reply is checked, and against what")
        return self

    @property
    def templates(self) -> dict[str, str]:
        """The templates that are set, by the example's field."""
        return {name: getattr(self, name) for name in TEMPLATES if getattr(self, name) is not None}

    @property
    def fields(self) -> list[str]:
        """Every field that it names."""
        named = [field for template in (*self.prompt, *self.templates.values()) for field in fields_of(template)]
        return [*named, *self.without, *self.where]


class Recipes(Explained, RootModel[dict[str, dict[str, Recipe | None]]]):
    """`params:recipes`: task -> recipe name -> recipe; null switches one off."""

    @model_validator(mode="after")
    def _fields_are_known(self) -> "Recipes":
        for task, recipes in self.root.items():
            if task not in TASKS:
                raise UserError(f"{task!r} is not a task; {choices(task, TASKS)}")
            known = {*TEXT_FIELDS, *derived_names(task)}
            for name, recipe in recipes.items():
                for field in recipe.fields if recipe else ():
                    if field not in known and not field.startswith(EXTRA):
                        raise UserError(f"{task}.{name}: {{{field}}} is not a field; {choices(field, known)}")
        return self

    def of(self, task: str) -> dict[str, Recipe]:
        """The recipes of a task that are not switched off."""
        return {name: recipe for name, recipe in self.root.get(task, {}).items() if recipe is not None}


def check_asked(source: str, task: str, asked: Iterable[str], known: Mapping[str, Recipe]) -> None:
    """Raises UserError for a recipe that a source's entry asks for and its task does not have."""
    for name in asked:
        if name not in known:
            raise unknown(f"sources.{source}.recipes", name, f"recipe of {task}", known)


def fields_of(template: str) -> list[str]:
    """The names in braces."""
    return [field for _, field, _, _ in string.Formatter().parse(template) if field]


def derived_names(task: str) -> list[str]:
    """What the task's `derive` offers, told by an empty table."""
    return list(TASKS[task].derive(RECORD.empty_table()))
