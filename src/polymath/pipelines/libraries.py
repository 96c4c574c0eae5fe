"""What of the configuration several pipelines read: libraries, and the dials of tokenize, which training needs too."""

from pydantic import RootModel, model_validator

from polymath.config import Explained
from polymath.errors import UserError, unknown
from polymath.pipelines.curate.adapters import adapters, whole_adapters
from polymath.pipelines.curate.tokenize import TokenizeConfig
from polymath.sources.library import Source, renamed
from polymath.sources.mapping import getter

__all__ = ["Sources", "TokenizeConfig"]


class Sources(Explained, RootModel[dict[str, Source]]):
    """`params:sources`: the whole library, by name: Kedro merges the files of a folder in no particular order.

    It is checked whole, so that a typo in an entry is found before it is used.
    """

    @model_validator(mode="after")
    def _check_entries(self) -> "Sources":
        self.root = dict(sorted(self.root.items()))
        now = renamed(self.root)
        for name, source in self.root.items():
            if source.kind == "hub" and source.path[0] in now:
                raise UserError(f"{name}.path: {source.path[0]!r} is now {now[source.path[0]]!r} on the hub; write that")
            if source.adapter:
                registry = whole_adapters if source.adapter in whole_adapters else adapters
                known = {**adapters, **whole_adapters}
                if source.adapter not in known:
                    raise unknown(f"{name}.adapter", source.adapter, "adapter", known)
                registry.options(source.adapter, source.options, f"{name}.options")
            for target, expression in source.fields.items():
                getter(expression, f"{name}.fields.{target}")
        return self
