"""The suite: which benchmarks a run is held against, by ingest (no split of theirs is training data) and by decontaminate."""

from pydantic import Field

from polymath.config import Config, Words
from polymath.errors import unknown
from polymath.sources.benchmarks import Benchmark, Benchmarks


class MatchConfig(Config):
    """How items are looked for."""

    ngram_words: int = Field(8, ge=3)
    """Words in a row that a record and an item must share. 8 as in Tülu 3; 13 as in GPT-3 and lm-eval."""
    min_item_words: int = Field(5, ge=1)
    """Items with fewer words than an n-gram are looked for whole, with their signs and to the end of their sentence, when they
    have at least this many; shorter ones count only where a prompt, a context or a text is the item and nothing else but
    answers to choose from."""


class DecontaminateConfig(Config):
    """The dials of decontaminate."""

    benchmarks: Words = ("all",)
    """Which benchmarks are looked for: names, or `all`."""
    require: Words = ()
    """Benchmarks without which the run fails; the others are marked "not checked" when they cannot be read."""
    match: MatchConfig = MatchConfig()
    min_coverage: float = Field(0.7, ge=0, le=1)
    """Share of an item's words that must be found for a record to count as holding it; 0 removes on any shared n-gram."""

    def suite(self, benchmarks: Benchmarks) -> dict[str, Benchmark]:
        """Those of the list that are looked for or required, by name; an unknown name is a UserError."""
        names = tuple(benchmarks.root) if self.benchmarks == ("all",) else self.benchmarks
        for name in (*names, *self.require):
            if name not in benchmarks.root:
                raise unknown("decontaminate", name, "benchmark", benchmarks.root)
        return {name: benchmarks.root[name] for name in dict.fromkeys((*names, *self.require))}
