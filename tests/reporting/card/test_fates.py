from dataclasses import replace

from polymath.reporting.card.fates import ledgers, overlaps, reasons
from polymath.reporting.card.head import balance, totals
from polymath.reporting.card.inputs import SourceFacts

FACTS = {
    "qa": SourceFacts(task="extractive_qa", tier="high", licence="MIT"),
    "web": SourceFacts(task="text", tier="low", licence="unknown"),
}
FATES = [
    {"source": "qa", "task": "extractive_qa", "reason": None, "moved": None, "generated": False, "records": 7},
    {"source": "qa", "task": "code", "reason": None, "moved": "replies_with_code", "generated": True, "records": 1},
    {"source": "qa", "task": "extractive_qa", "reason": "copy", "moved": None, "generated": False, "records": 2},
    {"source": "web", "task": "text", "reason": "too_few_words", "moved": None, "generated": False, "records": 5},
]


def line(ledger: str, source: str, name: str, count: int, track: str | None = None) -> dict:
    return {"ledger": ledger, "source": source, "line": name, "track": track, "count": count}


BOOKS = [
    line("rows", "qa", "read", 4),
    line("rows", "qa", "ingested", 3),
    line("rows", "qa", "quarantined", 1),
    line("rows", "qa", "refused", 0),
    line("rows", "web", "read", 5),
    line("rows", "web", "ingested", 5),
    line("records", "qa", "made", 10),
    line("records", "qa", "kept", 8),
    line("records", "qa", "copy", 2),
    line("records", "web", "made", 5),
    line("records", "web", "too_few_words", 5),
    line("labels", "qa", "moved by replies_with_code", 1),
    line("labels", "qa", "generated", 1),
    line("tokens", "qa", "train", 900),
    line("tokens", "qa", "packed", 890, "sft"),
]
COUNTS = [
    {"task": "extractive_qa", "split": "train", "tokens": 800, "loss_tokens": 80},
    {"task": "code", "split": "train", "tokens": 100, "loss_tokens": 40},
    {"task": "code", "split": "test", "tokens": 50, "loss_tokens": 20},
]


def test_the_whole_run_adds_up():
    found = totals(BOOKS, COUNTS)
    assert (found.sources, found.rows, found.records, found.kept) == (2, 9, 15, 8)
    assert (found.copies, found.near_duplicates, found.moved, found.generated) == (2, 0, 1, 1)
    assert (found.tokens, found.trained, found.tasks) == (900, 120, 2)
    assert found.balanced


def test_books_that_do_not_add_up_are_seen():
    assert balance(BOOKS)
    assert not balance([*BOOKS, line("records", "web", "copy", 1)])
    assert not balance([*BOOKS, line("rows", "qa", "refused", 1)])


def test_a_source_has_one_line_with_all_its_books():
    qa, web = ledgers(BOOKS, FATES, FACTS)
    assert (qa.rows, qa.quarantined, qa.refused, qa.records, qa.kept_records) == (4, 1, 0, 10, 8)
    assert qa.kept == {"extractive_qa": 7, "code": 1}
    assert qa.removed == {"copy": 2}
    assert (qa.moved, qa.generated, qa.tokens) == (1, 1, 900)
    assert (web.kept_records, web.tokens, web.licence) == (0, 0, "unknown")


def test_reasons_come_by_size_then_by_name():
    lines = ledgers(BOOKS, FATES, FACTS)
    assert reasons(lines) == [("too_few_words", 5), ("copy", 2)]
    twin = replace(lines[0], removed=lines[0].removed.copy())
    twin.removed["a_reason"] = 5
    assert reasons([twin, lines[1]])[0] == ("a_reason", 5)


def test_a_pair_of_sources_is_told_once_from_the_one_that_is_contained():
    rows = [
        {"source": "small", "other": None, "records": 10, "shared": 9},
        {"source": "small", "other": "large", "records": 10, "shared": 9},
        {"source": "large", "other": "small", "records": 1000, "shared": 11},
        {"source": "large", "other": "third", "records": 1000, "shared": 1},
        {"source": "third", "other": "large", "records": 50, "shared": 1},
    ]
    first, second = overlaps(rows)
    assert (first.source, first.other, first.share, first.back) == ("small", "large", 0.9, 0.011)
    assert (second.source, second.other, second.shared) == ("third", "large", 1)


def test_sources_that_share_nothing_have_no_line():
    assert overlaps([{"source": "one", "other": None, "records": 10, "shared": 0}]) == []
