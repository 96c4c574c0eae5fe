"""Name -> function, with the function's keyword options typed and checked when they are read from YAML."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from polymath.config import explain
from polymath.errors import unknown

F = TypeVar("F", bound=Callable[..., Any])


class Registry(Mapping[str, Callable[..., Any]]):
    """Functions by name. Keyword-only parameters are the options that YAML may set; the others are filled by the caller."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._functions: dict[str, Callable[..., Any]] = {}

    def register(self, function: F) -> F:
        """Enter `function` under its own name; two functions of one name are a mistake in the code."""
        assert function.__name__ not in self._functions, f"two {self.kind}s are named {function.__name__}"
        self._functions[function.__name__] = function
        return function

    def options(self, name: str, given: Mapping[str, Any], place: str) -> dict[str, Any]:
        """`given` as checked, typed keyword options of the function `name`; `place` is where the user wrote them."""
        function = self.named(name, place)
        keywords = [p for p in inspect.signature(function, eval_str=True).parameters.values() if p.kind is p.KEYWORD_ONLY]
        fields: Any = {p.name: (p.annotation, ... if p.default is p.empty else p.default) for p in keywords}
        model: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
        try:
            return dict(model.model_validate(dict(given)))
        except ValidationError as error:
            raise explain(error, f"{place}.{name}", model) from error

    def named(self, name: str, place: str) -> Callable[..., Any]:
        """The function called `name`, or an error that lists the known ones."""
        if name not in self._functions:
            raise unknown(place, name, self.kind, self._functions)
        return self._functions[name]

    def __getitem__(self, name: str) -> Callable[..., Any]:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)
