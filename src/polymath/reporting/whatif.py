"""What would change if a threshold were another one: told from what was measured, in seconds, writing nothing."""

import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from polymath.errors import UserError, choices
from polymath.pipelines.curate.clean import CleanConfig, JudgeConfig, judge
from polymath.pipelines.curate.counts import token_sizes
from polymath.store.folder import ShardFolder

Load = Callable[[str], ShardFolder]
EXAMPLES = 10


@dataclass(frozen=True)
class Change:
    """One dial turned: its path, and the value before and after."""

    path: tuple[str, ...]
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"clean.{'.'.join(self.path)}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Flip:
    """A record that would meet another fate, as an example."""

    id: str
    kept: bool
    """Whether it would be kept."""
    reason: str
    """What removes it now, or would remove it."""
    value: float | None
    """What that filter measured."""
    text: str


@dataclass
class Outcome:
    """What would become of a source's records of one task."""

    kept: int = 0
    gained: int = 0
    lost: int = 0
    tokens: int = 0
    tokens_gained: int = 0
    """Estimated from characters where a record was never tokenized."""
    tokens_lost: int = 0


@dataclass
class Answer:
    """The whole answer."""

    changes: list[Change]
    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    """Rows gained or lost by the filter that decides."""
    flips: list[Flip] = field(default_factory=list)


def ask(load: Load, clean: CleanConfig, words: list[str]) -> Answer:
    """The answer to `clean.min_words=30` and the like, several at once."""
    judged, changes = turned(clean.judge, words)
    answer = Answer(changes)
    relevance = load("relevance").shards
    for number, shard in enumerate(load("text_signals").shards):
        signals = shard.read()
        if relevance:
            signals = signals.append_column("relevance", relevance[number].read()["relevance"])
        _compare(answer, load, number, signals, judged)
    return answer


def turned(config: JudgeConfig, words: list[str]) -> tuple[JudgeConfig, list[Change]]:
    """The config with the dials turned; `clean.web.too_few_words.min_words` may be shortened to `clean.min_words`."""
    tree: dict[str, Any] = config.model_dump(by_alias=True)
    changes: list[Change] = []
    for word in words:
        name, given, value = word.partition("=")
        if not given:
            raise UserError(f"whatif: {word!r} gives no value; write it like clean.min_words=30")
        step, *wanted = name.split(".")
        if step != "clean" or not wanted:
            raise UserError(f"whatif: {name!r} cannot be asked; dials of clean can: clean.min_words=30")
        for path in _matching(tree, wanted, name):
            changes.append(Change(path, _get(tree, path), yaml.safe_load(value)))
            _get(tree, path[:-1])[path[-1]] = changes[-1].after
    return JudgeConfig.model_validate(tree), changes


def _matching(tree: dict[str, Any], wanted: list[str], name: str) -> list[tuple[str, ...]]:
    """Limits of filters and switches whose path holds the wanted words in order, the last one at its end."""
    paths = [path for path in _leaves(tree, ()) if path[-1] == wanted[-1] and _in_order(wanted, path)]
    if not paths:
        known = sorted({path[-1] for path in _leaves(tree, ())})
        raise UserError(f"whatif: {name!r} is no dial of clean; {choices(wanted[-1], known)}")
    return paths


def _leaves(tree: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)))
    elif path:
        yield path


def _in_order(wanted: list[str], path: tuple[str, ...]) -> bool:
    rest = iter(path)
    return all(word in rest for word in wanted)


def _get(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _compare(answer: Answer, load: Load, number: int, signals: pa.Table, config: JudgeConfig) -> None:
    """Hold one shard's decisions as they are against those that would be."""
    now = load("clean_decisions").shards[number].read()
    then = judge(signals, config)
    kept, would = now["kept"].to_numpy(), then["kept"].to_numpy()
    source = load("records").shards[number].entry.note["source"]
    tasks = then["task"].cast(pa.string()).to_numpy()
    tokens = _tokens(load, number, signals)
    for task in np.unique(tasks):
        mine = tasks == task
        outcome = answer.outcomes.setdefault((source, task), Outcome())
        gained, lost = mine & would & ~kept, mine & kept & ~would
        outcome.kept += int((mine & kept).sum())
        outcome.gained += int(gained.sum())
        outcome.lost += int(lost.sum())
        outcome.tokens += round(tokens[mine & kept].sum())
        outcome.tokens_gained += round(tokens[gained].sum())
        outcome.tokens_lost += round(tokens[lost].sum())
    flipped = np.flatnonzero(kept != would)
    decisive = pc.if_else(pa.array(would), now["reason"].cast(pa.string()), then["reason"].cast(pa.string()))
    answer.reasons.update(decisive.take(pa.array(flipped)).to_pylist())
    _exemplify(answer, load, number, flipped, would, now, then)


def _tokens(load: Load, number: int, signals: pa.Table) -> np.ndarray:
    """Tokens of each record's examples, float64[rows]; estimated by its characters for records that have none yet."""
    table = load("tokens").shards[number].read(["record", "ids", "loss", "rejected_ids", "rejected_loss"])
    counted: np.ndarray = np.bincount(table["record"].to_numpy(), token_sizes(table)["tokens"], minlength=len(signals)).astype(
        float
    )
    characters = sum(signals[f"{name}_characters"].to_numpy() for name in ("context", "prompt", "reply", "text"))
    known = counted > 0
    rate = counted[known].sum() / max(float(np.asarray(characters)[known].sum()), 1.0) if known.any() else 0.25
    return np.where(known, counted, np.asarray(characters) * rate)


def _exemplify(
    answer: Answer, load: Load, number: int, flipped: np.ndarray, would: np.ndarray, now: pa.Table, then: pa.Table
) -> None:
    """Add examples until there are enough, evenly over the shard."""
    wanted = min(EXAMPLES - len(answer.flips), math.ceil(EXAMPLES / 3), len(flipped))
    if wanted <= 0:
        return
    rows = flipped[np.linspace(0, len(flipped) - 1, wanted).astype(int)].tolist()
    shard = load("records").shards[number]
    texts = shard.take(rows, ["id", "prompt", "reply", "text", "context"]).to_pylist()
    for row, text in zip(rows, texts, strict=True):
        decision = (now if would[row] else then).slice(row, 1).to_pylist()[0]
        said = " | ".join(str(text[name]) for name in ("prompt", "context", "text", "reply") if text[name])
        answer.flips.append(Flip(text["id"], bool(would[row]), decision["reason"], decision["value"], said))
