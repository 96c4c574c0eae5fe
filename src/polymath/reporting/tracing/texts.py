"""The spans of a text that training examples repeat, with the examples that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from polymath.errors import UserError
from polymath.pipelines.curate.codec import going_on_of
from polymath.reporting.card.words import cut, plural, visible
from polymath.reporting.compare.tell_compare import plain_console
from polymath.reporting.tracing.index import PLACE, SpanIndex, make_index
from polymath.reporting.tracing.spans import STRIDE, Runs
from polymath.store.folder import ShardFolder
from polymath.training.tokenizer import tokenizer_row

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from polymath.project import Project

LONGEST = 600
"""Characters of a span that are shown."""


@dataclass(frozen=True)
class Span:
    """A run of a text that training examples hold."""

    begin: int
    """In tokens of the text."""
    end: int
    examples: list[tuple[int, int]]
    """Token shard and row of each example that holds it, in the order of the mix."""
    at_least: bool
    """There may be more examples: it begins with wording of more places than were compared."""


@dataclass(frozen=True)
class Found:
    """A text as ids, and its spans, the longest first."""

    ids: np.ndarray
    tokenizer: Tokenizer
    spans: list[Span]

    @property
    def covered(self) -> int:
        """Tokens of the text that stand in a span."""
        return len({token for span in self.spans for token in range(span.begin, span.end)})

    def words(self, span: Span) -> str:
        """The span's text."""
        return str(self.tokenizer.decode(self.ids[span.begin : span.end].tolist(), skip_special_tokens=False))


def find_spans(index: SpanIndex, tokenizer: ShardFolder, text: str, min_tokens: int) -> Found:
    """The spans of `min_tokens` tokens and more. A span that others cover whole is left out.

    How a tokenizer cuts the first word depends on what stands before it. So the text is read as the beginning of an example;
    and as what follows a space, where a span begins with what only this reading has.
    """
    from tokenizers import Tokenizer

    definition = tokenizer_row(tokenizer)["definition"]
    opening, within = Tokenizer.from_str(definition), Tokenizer.from_str(going_on_of(definition))
    first, second = _encode(opening, text), _encode(within, f" {text}")
    if max(len(first), len(second)) < min_tokens:
        raise UserError(
            f"trace --text: the text has {plural(len(first), 'token')}, and spans of fewer than {min_tokens} are not "
            "looked for (--min-tokens); give a longer text"
        )
    found = Found(first, opening, spans_of(index.runs(first), min_tokens))
    own = len(second) - _same_at_the_end(first, second)
    if (index.runs(second, before=own).begin < own).any():
        found = max(found, Found(second, within, spans_of(index.runs(second), min_tokens)), key=lambda each: each.covered)
    return found


def _encode(tokenizer: Tokenizer, text: str) -> np.ndarray:
    return np.array(tokenizer.encode(text, add_special_tokens=False).ids, np.uint32)


def _same_at_the_end(first: np.ndarray, second: np.ndarray) -> int:
    """How many tokens in a row two texts end with alike."""
    least = min(len(first), len(second))
    differs = first[::-1][:least] != second[::-1][:least]
    return int(differs.argmax()) if differs.any() else least


def spans_of(runs: Runs, min_tokens: int) -> list[Span]:
    """The runs of `min_tokens` and more, each once with all examples that hold it, the longest first."""
    long_ = runs.end - runs.begin >= min_tokens
    begin, end, corpus, document = (each[long_] for each in (runs.begin, runs.end, runs.corpus, runs.document))
    bounds, which = np.unique(np.stack([begin - end, begin]), axis=1, return_inverse=True)
    covered = np.zeros(len(runs.unseen), bool)
    spans = []
    for number, (size, first) in enumerate(bounds.T.tolist()):
        last = first - size
        if covered[first:last].all():
            continue
        covered[first:last] = True
        mine = which == number  # a longer run around it would have covered it
        examples = np.unique(np.stack([corpus[mine], document[mine]]), axis=1).T
        unseen = bool(runs.unseen[first : first + STRIDE].any())
        spans.append(Span(first, last, [(shard, row) for shard, row in examples.tolist()], unseen))
    return spans


def tell_text(project: Project, text: str, min_tokens: int, limit: int) -> None:
    """The longest training spans that a text repeats, each with the examples that hold it."""
    console = plain_console()
    index = _index(console, project.path / PLACE, project.load("tokens"))
    found = find_spans(index, project.load("tokenizer"), text, min_tokens)
    size = f"{plural(len(found.ids), 'token')} of text"
    if not found.spans:
        console.print(f"{size}; no {min_tokens} in a row stand in the training examples of this mix")
        return
    console.print(f"{size}; {found.covered:,} stand in runs of {min_tokens} and more in the training examples of this mix")
    for span in found.spans[:limit]:
        _tell_span(console, index, found, span, limit)
    if len(found.spans) > limit:
        console.print(f"\nand {plural(len(found.spans) - limit, 'more span')} (--limit)")
    console.print("\n[dim]kedro trace RECORD tells a record's story, and which runs saw it[/dim]")


def _tell_span(console: Console, index: SpanIndex, found: Found, span: Span, limit: int) -> None:
    count = f"{'at least ' if span.at_least else ''}{plural(len(span.examples), 'example')}"
    console.print()
    console.print(Text.assemble((f"{span.end - span.begin} tokens", "bold"), f" in {count}"))
    console.print(Text(cut(visible(found.words(span)), LONGEST), "green"), soft_wrap=True)
    for row in index.examples(span.examples[:limit]):
        console.print(Text.assemble("  ", row["id"], (f"  {row['task']}, {row['source']}", "dim")), soft_wrap=True)
    if len(span.examples) > limit:
        console.print(f"  and {len(span.examples) - limit:,} more (--limit)")


def _index(console: Console, folder: Path, tokens: ShardFolder) -> SpanIndex:
    index = SpanIndex.find(folder, tokens)
    if index is not None:
        return index
    console.print(f"making an index of the training tokens of {plural(tokens.rows, 'example')}, once for this mix")
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("index", total=1.0)
        return make_index(folder, tokens, lambda share: bar.update(task, completed=share))
