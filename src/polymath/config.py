"""The base of every typed parameter: frozen, and unknown keys are refused."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from polymath.errors import UserError, choices


class Config(BaseModel):
    """Dials of one step. Kedro validates them before any node runs; a typo is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True)


def _words(value: Any) -> Any:
    """Split `"squad dolly"` into words: Kedro's `--params` cannot parse a list, so lists on the command line are words."""
    return tuple(value.split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
"""A list of names: a YAML list, or words in one string on the command line."""


def explain(error: ValidationError, place: str, model: type[BaseModel] | None = None) -> UserError:
    """The first problem of a pydantic error as one sentence: key, value, what was expected, the nearest known key."""
    first = error.errors()[0]
    path = ".".join(str(part) for part in (place, *first["loc"]) if part != "")
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1]) if model else ()
        return UserError(f"{path}: unknown key; {choices(first['loc'][-1], known)}{more}")
    message = first["msg"].removeprefix("Value error, ")
    return UserError(f"{path}: {message}, not {first['input']!r}{more}")


def _fields_at(model: type[BaseModel] | None, path: tuple[int | str, ...]) -> list[str]:
    """The keys that a nested model knows at `path`; empty when the path leaves the models (a mapping, a union)."""
    for key in path:
        field = model.model_fields.get(str(key)) if model else None
        annotation = field.annotation if field else None
        model = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return list(model.model_fields) if model else []
