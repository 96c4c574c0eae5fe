"""Part 9: how it was made, and what needs a look."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from polymath.reporting.card.fates import Ledger
from polymath.reporting.card.fertility import Fertility
from polymath.reporting.card.head import Checked, Packed
from polymath.reporting.card.inputs import Data, Occasion
from polymath.reporting.card.words import language, listed, plural, share

EMPTIEST = 0.85
"""Sequences that are filled less waste room."""
MOST_UNREADABLE = 0.01


@dataclass(frozen=True)
class Notice:
    """Something that needs a look: a sentence, the part of the page that shows it, and the way out."""

    text: str
    part: str
    way_out: str


@dataclass(frozen=True)
class Worked:
    """The work of one step."""

    step: str
    seconds: float
    """0 where everything was there already."""
    bytes: int

    @property
    def speed(self) -> float:
        """MB written per second."""
        return self.bytes / 1e6 / self.seconds if self.seconds else 0.0


def notices(
    ledgers: list[Ledger],
    checked: Checked,
    packed: list[Packed],
    idle: list[str],
    languages: list[Fertility],
    slow: tuple[int, int],
) -> list[Notice]:
    """What a person should know before trusting the mix; `slow`: token shards that `tokenizers` made, of all."""
    found: list[Notice | None] = [
        _absent(checked),
        _unread(ledgers),
        _refused(ledgers),
        _unlicensed(ledgers),
        _misfit(languages),
        _empty(packed),
        _idle(idle),
        _slow(*slow),
    ]
    return [notice for notice in found if notice]


def _absent(checked: Checked) -> Notice | None:
    names = checked.absent
    if not names:
        return None
    total = checked.benchmarks + len(names)
    text = f"{len(names)} of {plural(total, 'benchmark')} could not be read and were not looked for: {listed(list(names))}."
    way_out = "Make them reachable (online, or files below run.files_root) and run again; "
    return Notice(text, "removed", way_out + "decontaminate.require=NAME makes their absence an error.")


def _unread(ledgers: list[Ledger]) -> Notice | None:
    bad = [one for one in ledgers if one.quarantined > MOST_UNREADABLE * max(one.rows, 1)]
    if not bad:
        return None
    worst = max(bad, key=lambda one: one.quarantined / max(one.rows, 1))
    others = f" ({plural(len(bad) - 1, 'other source')} lost some too)" if len(bad) > 1 else ""
    text = f"{share(worst.quarantined, worst.rows)} of the rows of {worst.source} could not be read{others}."
    return Notice(text, "removed", "kedro trace --quarantined lists the rows with their places.")


def _refused(ledgers: list[Ledger]) -> Notice | None:
    names = [one.source for one in ledgers if not one.kept_records]
    if not names:
        return None
    text = f"{plural(len(names), 'source')} gave nothing to the mix: {listed(names)}."
    return Notice(text, "rows", "Was it refused as a benchmark's split, or removed whole? kedro trace --source NAME tells.")


def _unlicensed(ledgers: list[Ledger]) -> Notice | None:
    names = [one.source for one in ledgers if one.licence.lower() in ("unknown", "") and one.tokens]
    if not names:
        return None
    text = f"The licence of {listed(names)} is unknown."
    return Notice(text, "rows", "Find it out before the mix or a model of it is shared.")


def _misfit(languages: list[Fertility]) -> Notice | None:
    bad = [one for one in languages if one.is_bad]
    if not bad:
        return None
    text = f"The tokenizer does not fit {listed([language(one.language) for one in bad])}: its words fall into many pieces."
    way_out = "Train it on more of these texts, choose one that knows them (tokenize.tokenizer.name), or leave them out."
    return Notice(text, "mix", way_out)


def _empty(packed: list[Packed]) -> Notice | None:
    bad = [one for one in packed if one.kind == "packed" and one.room and one.tokens < EMPTIEST * one.room]
    if not bad:
        return None
    told = listed([f"{one.track} ({share(one.tokens, one.room)} full)" for one in bad])
    text = f"Sequences have much padding in {told}."
    return Notice(text, "batches", "Shorter sequences (mix.tracks.NAME.sequence_tokens) waste less.")


def _idle(idle: list[str]) -> Notice | None:
    if not idle:
        return None
    text = f"{plural(len(idle), 'track')} {'has' if len(idle) == 1 else 'have'} not enough for one batch: {listed(idle)}."
    return Notice(text, "batches", "Add sources of its tasks, make batches smaller, or switch it off (mix.tracks.NAME=null).")


def _slow(by_tokenizers: int, shards: int) -> Notice | None:
    if not by_tokenizers:
        return None
    part = share(by_tokenizers, shards)
    text = f"gigatoken's ids differed from Hugging Face's, so the slower library did {part} of the shards."
    return Notice(text, "made", "Nothing is wrong with the tokens; it only takes longer.")


def slow_shards(data: Data) -> tuple[int, int]:
    """Token shards that `tokenizers` made because gigatoken did not agree, and all."""
    shards = [shard for shard in data["tokens"].shards if shard.rows]
    return sum(shard.entry.note.get("library") == "tokenizers" for shard in shards), len(shards)


def worked(data: Data) -> list[Worked]:
    """Seconds and bytes of each step, from the manifests of what it wrote; steps in the order in which they end."""
    found: dict[str, Worked] = {}
    for folder in data.folders.values():
        step = folder.manifest.step
        before = found.pop(step, Worked(step, 0.0, 0))
        found[step] = Worked(step, before.seconds + folder.manifest.seconds, before.bytes + folder.bytes)
    return list(found.values())


def versions(data: Data) -> dict[str, str]:
    """Versions of the libraries that the datasets depend on."""
    found: dict[str, str] = {}
    for folder in data.folders.values():
        found |= folder.manifest.made_with
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Made:
    """The occasion, as the page tells it."""

    when: str
    command: str
    facts: list[tuple[str, str]]
    steps: list[Worked]
    changed: list[tuple[str, str, str]]
    """Name, value, and the value in `conf/base`."""
    parameters: list[tuple[str, str]]
    seeds: list[tuple[str, str]]


def made(data: Data, occasion: Occasion) -> Made:
    """What the occasion says, and what the manifests say of the work."""
    given = occasion.parameters
    return Made(
        when=time.strftime("%d %B %Y, %H:%M UTC", time.gmtime(occasion.started)).lstrip("0"),
        command=occasion.command,
        facts=[*occasion.machine.items(), *((f"{name} (library)", version) for name, version in versions(data).items())],
        steps=worked(data),
        changed=[(name, given.get(name, "not set"), base) for name, base in sorted(occasion.changed.items())],
        parameters=sorted(given.items()),
        seeds=sorted(_ending(given, (".seed", ".salt"))),
    )


def _ending(parameters: Mapping[str, str], endings: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in parameters.items() if name.endswith(endings))
