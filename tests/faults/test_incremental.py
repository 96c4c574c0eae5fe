"""A project that lives long: sources come, go and are revised, run after run, and the state is what the policy says.

The policy (docs/decisions/fitted_then_kept.md): what is fitted is kept while its sources stay; all else is what a project of
its own would make of the same sources. With the fitted folders deleted, everything is.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.projects import QA, TEXT, curate, make_small, name_sources, questions, write_rows
from tests.running import digests, folder

FITTED = ("data/04_tokens/tokenizer", "data/03_decisions/concept_space", "data/03_decisions/concepts",
          "data/03_decisions/task_profiles")  # fmt: skip
OF_THE_SOURCES_ALONE = (
    "records", "quarantined_rows", "text_signals", "signatures", "group_keys", "clean_decisions", "candidates",
    "dedup_decisions", "source_overlaps", "decontaminate_decisions", "select_decisions", "split_decisions", "examples", "fates",
)  # fmt: skip
Library = dict[str, tuple[dict[str, Any], list[Any]]]
"""Source -> its entry, and the rows of its file."""


def history() -> Iterator[Library]:
    """Ten states of a library: each has a source added, removed, revised, or all of it."""
    bad = ["{broken", {"q": None, "a": "nothing was asked"}]
    a, b, c, d = (questions(seed, 90) for seed in range(4))
    pages = [{"text": f"{row['q']} {row['a']} " * 8} for row in questions(9, 40)]
    held: Library = {"a": (QA, a), "b": (QA, b)}
    yield held
    yield (held := {**held, "c": ({**QA, "tier": "low"}, [*c, *a[:30]])})  # added, a third of it repeats `a`
    yield (held := {**held, "b": (QA, [*b[:50], *bad, *d[:20]])})  # revised: rows gone, rows that cannot be read, new ones
    yield (held := {name: held[name] for name in ("b", "c")})  # `a` removed: what repeated it stands again
    yield (held := {**held, "p": ({**TEXT}, pages)})
    yield (held := {**held, "a": (QA, [*a[20:], *d[60:]])})  # `a` is back, revised
    yield (
        held := {**held, "c": ({**QA, "tier": "high"}, [*c, *a[:30], *questions(5, 150)])}
    )  # grown, and first in policy order
    yield (held := {name: held[name] for name in ("a", "c", "p")} | {"e": (QA, [*d, *b])})  # one gone, one new
    yield (held := {**held, "p": ({**TEXT, "language": "en"}, pages[10:])})  # the entry revised, and the file
    yield {name: held[name] for name in ("a", "c", "p")}


def live_through(project: Any, states: list[Library]) -> None:
    """Run each state in turn; after each, the books say of every source what its file holds."""
    splits: dict[str, str] = {}
    for library in states:
        write_library(project, library)
        curate(project, engine={"workers": 1}, ingest={"max_quarantined": 0.1})
        check_books(project, library)
        now = splits_of(project)
        assert {record: now[record] for record in now.keys() & splits.keys()} == {
            record: splits[record] for record in now.keys() & splits.keys()
        }, "what is said in a record decides its split, whatever comes and goes beside it"
        splits = now


def write_library(project: Any, library: Library) -> None:
    for name, (_, rows) in library.items():
        write_rows(project, f"{name}.jsonl", rows)
    name_sources(project, {name: {**entry, "path": f"{name}.jsonl"} for name, (entry, _) in library.items()})


def check_books(project: Any, library: Library) -> None:
    lines = Counter(
        {(row["ledger"], row["source"], row["line"]): row["count"] for row in folder(project, "books").read().to_pylist()}
    )
    assert {source for ledger, source, _ in lines if ledger == "rows"} == set(library)
    for name, (_, rows) in library.items():
        parts = [lines["rows", name, line] for line in ("quarantined", "refused", "ingested")]
        assert lines["rows", name, "read"] == len(rows) == sum(parts)
        removed = [
            count for (ledger, source, line), count in lines.items() if (ledger, source) == ("records", name) and line != "made"
        ]
        assert lines["records", name, "made"] == sum(removed) == parts[2]


def splits_of(project: Any) -> dict[str, str]:
    """The split of each record that was kept, by what is said in it: a source that is revised numbers its records anew."""
    told: dict[str, str] = {}
    for records, decisions in zip(folder(project, "records").shards, folder(project, "split_decisions").shards, strict=True):
        said, decided = records.read(["prompt", "text"]).to_pylist(), decisions.read(["kept", "split"]).to_pylist()
        told |= {row["prompt"] or row["text"]: each["split"] for row, each in zip(said, decided, strict=True) if each["kept"]}
    return told


@pytest.mark.parametrize("runs", [3, pytest.param(10, marks=pytest.mark.proof)])
def test_after_sources_came_and_went_the_state_is_that_of_a_project_of_its_own(make_project, runs):
    states = list(history())[:runs]
    old, fresh = (make_small(make_project(), {}) for _ in range(2))
    live_through(old, states)
    live_through(fresh, states[-1:])
    lived, made = digests(old), digests(fresh)
    assert {name: lived[name] for name in OF_THE_SOURCES_ALONE} == {name: made[name] for name in OF_THE_SOURCES_ALONE}
    for name in FITTED:
        shutil.rmtree(old / name)
    live_through(old, states[-1:])
    assert digests(old) == made
