"""The base of every typed parameter: frozen, and unknown keys are refused."""

from typing import Annotated, Any, Self, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from polymath.errors import UserError, choices


class Explained(BaseModel):
    """A model whose errors are sentences: Kedro shows what `model_validate` raises to the person who wrote the YAML."""

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """As pydantic does; what is wrong is a UserError with the key, the value and the nearest known name."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise explain(error, "", cls) from error


class Config(Explained):
    """Dials of one step. Kedro validates them before any node runs; a typo is an error, not a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _words(value: Any) -> Any:
    """Split `"squad dolly"` into words: Kedro's `--params` cannot parse a list, so lists on the command line are words."""
    return tuple(value.split()) if isinstance(value, str) else value


SPLIT = BeforeValidator(_words)
"""For a list of other things than any names: `Annotated[tuple[Literal["a", "b"], ...], SPLIT]`."""

Words = Annotated[tuple[str, ...], SPLIT]
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
    if first["type"] == "value_error":  # our own sentence, which says it all
        return UserError(f"{path}: {message}{more}" if path else f"{message}{more}")
    given = "" if first["type"] == "missing" else f", not {first['input']!r}"
    return UserError(f"{path}: {message}{given}{more}")


def _fields_at(model: type[BaseModel] | None, path: tuple[int | str, ...]) -> list[str]:
    """The keys that a nested model knows at `path`, through mappings, lists and options; empty where there is no model."""
    inside: Any = model
    for key in path:
        inside = _inside(inside, str(key))
    found = _model_of(inside)
    return list(found.model_fields) if found else []


def _inside(annotation: Any, key: str) -> Any:
    """What stands under a key: of a mapping its values, of a list its elements, of a model the field of that name."""
    model = _model_of(annotation)
    if model is not None and "root" not in model.model_fields:
        return model.model_fields[key].annotation if key in model.model_fields else None
    root: Any = model.model_fields["root"].annotation if model is not None else annotation
    choice: tuple[Any, ...] = (root, *get_args(root))
    return next((get_args(each)[-1] for each in choice if get_origin(each) in (dict, list) and get_args(each)), None)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is, or that it allows beside None."""
    if get_origin(annotation) in (dict, list):
        return None
    choice: tuple[Any, ...] = (annotation, *get_args(annotation))
    return next((each for each in choice if isinstance(each, type) and issubclass(each, BaseModel)), None)
