"""Report: the data card, one page that tells a run."""

import itertools

from polymath.engine.contract import EngineConfig, Item, Plan
from polymath.pipelines.curate.clean import CleanConfig
from polymath.pipelines.curate.dedup import DedupConfig
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.suite import DecontaminateConfig
from polymath.pipelines.curate.tracks import MixConfig
from polymath.pipelines.libraries import Sources
from polymath.reporting.card.filters import MeasureConfig, measure_shard, measure_shard_by_relevance, sampled_share
from polymath.reporting.card.inputs import CardConfig, Data, LicenceFacts, Occasion, ReportConfig, SourceFacts
from polymath.reporting.card.page import write_page
from polymath.sources.library import choose, licensed
from polymath.store.folder import ShardFolder
from polymath.tracking import RunRecord

VERSION = 5


def measure_filters(
    text_signals: ShardFolder,
    relevance: ShardFolder,
    clean_decisions: ShardFolder,
    clean: CleanConfig,
    report: ReportConfig,
    engine: EngineConfig,
) -> Plan:
    """What each filter measured, and the records nearest to its limit on either side, shard by shard."""
    scores = ((shard,) for shard in relevance.shards) if relevance.shards else itertools.repeat(())
    shards = zip(text_signals.shards, scores, clean_decisions.shards)  # noqa: B905 (nothing is repeated without end)
    items = tuple(Item(signals.name, (signals, *score, decisions), signals.rows) for signals, score, decisions in shards)
    folders = (text_signals, relevance, clean_decisions)
    inputs = {folder.path.name: folder.digest for folder in folders}
    config = MeasureConfig(judge=clean.judge, share=sampled_share(report.sample, text_signals.rows))
    work = measure_shard_by_relevance if relevance.shards else measure_shard
    return Plan("report", work, items, config, VERSION, engine=engine, inputs=inputs)


def write_card(
    run_record: RunRecord,
    run: RunConfig,
    sources: Sources,
    clean: CleanConfig,
    dedup: DedupConfig,
    decontaminate: DecontaminateConfig,
    mix: MixConfig,
    report: ReportConfig,
    engine: EngineConfig,
    **made: ShardFolder,
) -> Plan:
    """One page of everything that the run `made`: what became of each row and why, what the mix holds, how it was made."""
    used = dict.fromkeys(shard.entry.note["source"] for shard in made["records"].shards)
    config = CardConfig(
        title=run.name or f"sources {' '.join(run.sources)}",
        report=report,
        sources={name: _facts(sources, name) for name in used},
        judge=clean.judge,
        threshold=dedup.verify.threshold,
        min_coverage=decontaminate.min_coverage,
        tracks=mix.wanted,
        licences=_licences(sources, run),
    )
    occasion = Occasion(run_record.command, run_record.started, run_record.tags, run_record.parameters, run_record.changed)
    # The config is an input like the others: what is kept beside the card serves the next one, whatever its dials.
    item = Item("card", (Data(made), occasion, config), made["records"].rows)
    inputs = {name: folder.digest for name, folder in made.items()}
    return Plan("report", write_page, (item,), version=VERSION, reuses=True, engine=engine, inputs=inputs)


def _licences(sources: Sources, run: RunConfig) -> LicenceFacts:
    _, refused = licensed(choose(sources.root, run.sources), run.sources, run.licences)
    return LicenceFacts(allow=run.licences.allow, deny=run.licences.deny, refused=tuple(refused))


def _facts(sources: Sources, name: str) -> SourceFacts:
    source = sources.root[name]
    return SourceFacts(task=source.task, tier=source.tier, licence=source.licence)
