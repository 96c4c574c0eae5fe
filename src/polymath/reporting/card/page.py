"""The page: figures from the datasets, shown by the templates, in one file that needs nothing else.

The shard holds the page without its occasion (when, by which command, on which machine, how long). That stands in the shard's
note, which no digest covers, and is put where the slots are when the file is written. So equal data makes an equal digest
wherever and whenever it is made, and the file still tells its story.
"""

import base64
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from polymath.engine.contract import Piece
from polymath.reporting.card import (
    batches,
    colours,
    duplicates,
    excerpts,
    fates,
    fertility,
    filters,
    frontier,
    head,
    leaks,
    lengths,
    likeness,
    making,
    mix,
    plan,
    quarantine,
    reading,
    reasons,
    sankey,
    words,
)
from polymath.reporting.card.inputs import CardConfig, Data, Occasion
from polymath.reporting.card.survey import survey
from polymath.store.shards import Shard

TEMPLATES = Path(__file__).parent / "templates"
SLOTS = ("occasion_head", "occasion_steps", "occasion_parameters")
"""Where the occasion is told."""
TRAINED_ON = ("tokens", "sequences", "schedule")
"""What training reads: the mix's digest covers these."""


def write_page(data: Data, occasion: Occasion, config: CardConfig, previous: Sequence[Shard]) -> Piece:
    """The page as a table of one row (`page`), with slots where its occasion is told; what goes into each is the note.

    Set aside are the records that it shows (schema SHOWN): `previous` cards have some of them already.
    """
    data = replace(data, earlier=tuple(previous))
    slots = {name: slot(name) for name in SLOTS}
    shown = figures(data, config)
    page = environment().get_template("page.html").render(shown, slots=slots)
    made = making.made(data, occasion)
    told = {str(slots[name]): environment().get_template(f"{name}.html").render(made=made) for name in SLOTS}
    notices = [str(notice.text) for notice in shown["notices"]]
    totals = {**asdict(shown["totals"]), "digest": shown["digest"]}
    return Piece(pa.table({"page": [page]}), {"slots": told, "notices": notices, "totals": totals}, data.records.table)


def slot(name: str) -> Markup:
    """A comment that no text from data can hold: there, `<` is escaped."""
    return Markup(f"<!-- {name} -->")


def figures(data: Data, config: CardConfig) -> dict[str, Any]:
    """Everything that the page shows, part by part."""
    report = config.report
    books, counts, weights, known, frontiers = (
        data[name].read().to_pylist() for name in ("books", "token_counts", "weights", "concepts", "frontiers")
    )
    seen = survey(data)
    lines = fates.ledgers(books, data["fates"].read().to_pylist(), config.sources)
    checked = head.checked(data["benchmark_items"], data["leak_matches"], config.min_coverage)
    packed = head.packed(data["sequences"], config.tracks)
    drawn, measured = fertility.draw_records(data), filters.read_measures(data["filter_measures"], config.judge)
    data.records.fetch([*drawn.rows, *(row for one in measured for row in one.shown)])
    languages = fertility.fertilities(data, drawn)
    idle = batches.without_a_batch(data["schedule"])
    plans = plan.plans(weights, data["sequences"], data["schedule"], config.tracks)
    return {
        "config": config,
        "report": report,
        "totals": head.totals(books, counts),
        "digest": head.mix_digest([data[name] for name in TRAINED_ON]),
        "checked": checked,
        "packed": packed,
        "notices": making.notices(lines, checked, packed, idle, languages, making.slow_shards(data)),
        "ledgers": lines,
        "reasons": fates.reasons(lines),
        "overlaps": fates.overlaps(data["source_overlaps"].read().to_pylist()),
        "sankeys": {name: sankey.draw_sankey(lines, *size) for name, size in SANKEYS.items()},
        "languages": languages,
        "lengths": lengths.measure_lengths(seen.lengths),
        "tracks": [_track(name, config, seen.counts, weights, known, frontiers) for name in mix.has_tracks(weights)],
        "plans": plans,
        "batches": batches.draw_batches(data["sequences"], data["schedule"], config.tracks, report.batches),
        "idle": idle,
        "examples": reading.draw_examples(data, report.examples),
        **_removed(data, config, lines, measured),
    }


SANKEYS = {"wide": (960, 244, (12, 8)), "narrow": (360, 118, (8, 6))}
"""Width, room for labels, most sources and reasons: for a desk and for a hand."""


def _track(
    name: str, config: CardConfig, counts: pa.Table, weights: head.Lines, known: head.Lines, frontiers: head.Lines
) -> dict[str, Any]:
    """What parts 4 and 5 show of one track."""
    track, long_list = config.tracks[name], config.report.long_list
    by = {key: mix.composition(counts, weights, name, track, key) for key in ("task", "tier", "language", "source")}
    subjects = mix.subjects(weights, known, name)
    return {
        "name": name,
        "config": track,
        "task": by["task"],
        "tier": by["tier"],
        "language": mix.largest(by["language"], 8),
        "sources": sorted(by["source"], key=lambda one: (-one.epochs, one.name)),
        "subjects": subjects,
        "tokens": sum(one.tokens for one in by["task"]),
        "drawn": sum(one.drawn for one in by["task"]),
        "frontier": frontier.draw_frontier(frontiers, name),
        "traded": frontier.traded(weights, frontiers, name),
        "likeness": likeness.compare(subjects, known, long_list // 2),
    }


def _removed(data: Data, config: CardConfig, lines: list[fates.Ledger], measured: list[filters.Measured]) -> dict[str, Any]:
    """What part 7 shows."""
    report, judge = config.report, config.judge
    tasks = {task for line in lines for task in line.kept}
    used = {judge.sources.get(line.source) or judge.tasks.get(task, "none") for line in lines for task in (line.task, *tasks)}
    limits = filters.limits_of(measured)
    names = {name for line in lines for name in line.removed}
    return {
        "filters": measured,
        "sampled": data["text_signals"].rows > report.sample,
        "idle_filters": filters.idle_filters(measured, judge, used),
        "excerpts": excerpts.read_excerpts(data.records, [row for one in measured for row in one.shown]),
        "why": {n: reasons.explain(n, limits.get(n, {}), config.threshold, config.min_coverage) for n in sorted(names)},
        "duplicates": duplicates.find_duplicates(data, config.threshold, report.pairs, report.long_list // 2),
        "leaks": leaks.find_leaks(data, report.pairs),
        "quarantined": quarantine.find_quarantined(data),
    }


@cache
def environment() -> Environment:
    """The templates: every value is escaped, and one that is missing is an error."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
        bytecode_cache=_compiled(),
    )
    filters_: Mapping[str, Any] = {name: getattr(words, name) for name in _FILTERS}
    made.filters.update(filters_, task_class=colours.task_class, axis=reasons.axis)
    style, script = (Markup((TEMPLATES / name).read_text("utf-8").strip()) for name in ("style.css", "script.js"))
    sha = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    made.globals.update(style=style, script=script, script_hash=sha, trace=words.trace, tasks_in_order=colours.in_order)
    return made


def _compiled() -> BytecodeCache | None:
    """Templates compiled by an earlier run, in a temporary folder that is this person's alone; None where there can be none."""
    with contextlib.suppress(RuntimeError, OSError):
        return FileSystemBytecodeCache()
    return None


_FILTERS = ("count", "short", "share", "amount", "plural", "listed", "plain", "language", "seconds", "cut")


def _shown(value: Any) -> Any:
    """Text from data with its control characters as pictures."""
    return words.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
