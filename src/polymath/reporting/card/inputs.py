"""What the card is drawn from: the run's datasets by name, the dials, and the occasion."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import Field

from polymath.config import Config
from polymath.pipelines.curate.clean import JudgeConfig
from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card.shown import ShownRecords
from polymath.store.digest import digest_json
from polymath.store.folder import ShardFolder
from polymath.store.shards import Shard


@dataclass(frozen=True)
class Data:
    """The datasets of a run by name, as one input of the card's plan."""

    folders: Mapping[str, ShardFolder]
    earlier: tuple[Shard, ...] = ()
    """Cards of earlier runs, which may have kept a record that this one shows."""

    @cached_property
    def records(self) -> ShownRecords:
        """The records that are shown."""
        return ShownRecords(self["records"], self.earlier)

    @cached_property
    def digest(self) -> str:
        """Of all datasets."""
        return digest_json({name: folder.digest for name, folder in self.folders.items()})

    def __getitem__(self, name: str) -> ShardFolder:
        """One dataset."""
        return self.folders[name]


@dataclass(frozen=True)
class Occasion:
    """When, where and by which command the card is made. It is told on the page, and is no part of the data."""

    command: str
    started: float
    """Seconds since 1970."""
    machine: Mapping[str, str]
    parameters: Mapping[str, str]
    """All of the run's, flattened."""
    changed: Mapping[str, str]
    """Those that differ from `conf/base`, with the value that stands there."""

    @property
    def digest(self) -> str:
        """Of the parameters, which make other data or tell of it. Another time, command, machine or engine is the same card."""
        told = [{k: v for k, v in named.items() if not k.startswith("engine.")} for named in (self.parameters, self.changed)]
        return digest_json(told)


class ReportConfig(Config):
    """The dials of the data card."""

    examples: int = Field(3, ge=1, le=20)
    """Examples of each task, as the model sees them."""
    pairs: int = Field(6, ge=0, le=50)
    """Pairs of near-duplicates, and of leaks with their benchmark items."""
    long_list: int = Field(10, ge=3)
    """Entries of a list that are shown before "and so many more"."""
    batches: int = Field(100, ge=10, le=400)
    """Batches in the strip that shows what they are made of."""
    sample: int = Field(200_000, ge=1000)
    """Records whose measurements make the histograms, at least; a larger run is sampled evenly, down to twice as many."""


class SourceFacts(Config):
    """What a source's entry says of it."""

    task: str
    tier: str
    licence: str


class LicenceFacts(Config):
    """The run's policy of licences, and what it left out."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Chosen sources that it left out."""


class CardConfig(Config):
    """All that the card depends on beside the datasets."""

    title: str
    report: ReportConfig
    sources: dict[str, SourceFacts]
    judge: JudgeConfig
    threshold: float
    """Similarity at and above which a record repeats a kept one."""
    min_coverage: float
    """Share of a benchmark item's words that a record must hold to count as a leak."""
    tracks: dict[str, TrackConfig] = Field(default_factory=dict)
    licences: LicenceFacts = LicenceFacts()

    @property
    def digest(self) -> str:
        """Of all of it."""
        return digest_json(self.model_dump(mode="json"))
