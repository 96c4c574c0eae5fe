"""Rows that cannot be read: set aside with the reason and their place, counted, listed, and no more of them than allowed."""

import json

import pyarrow as pa
import pytest

from tests.faults.projects import QA, curate, make_small, tell
from tests.running import folder

GOOD = b'{"q": "Who came?", "a": "Ann came."}'
LONG = b'{"q": "' + b"x" * 50_100_000 + b'", "a": "y"}'
DEEP = b'{"q": ' + b"[" * 10_000 + b"]" * 10_000 + b', "a": "y"}'
ROWS: dict[str, tuple[bytes, str]] = {
    "bad UTF-8": (b'{"q": "caf\xe9", "a": "y"}', "bad_utf8"),
    "bad JSON": (b'{"q": "Who?", "a": ', "bad_json"),
    "no JSON at all": (b"Internal Server Error", "bad_json"),
    "a null field": (b'{"q": null, "a": "y"}', "null_field"),
    "no such field": (b'{"a": "y"}', "null_field"),
    "empty fields": (b'{"q": "  ", "a": ""}', "empty"),
    "a list for text": (b'{"q": ["Who?"], "a": "y"}', "wrong_type"),
    "an object for text": (b'{"q": {"x": 1}, "a": "y"}', "wrong_type"),
    "a lone surrogate": (b'{"q": "\\ud800 Who?", "a": "y"}', "bad_json"),
    "an encoded surrogate": (b'{"q": "\xed\xa0\x80", "a": "y"}', "bad_utf8"),
    "NULs, as a crash leaves them": (b"\0" * 300, "bad_json"),
    "a row of 50 MB": (LONG, "too_long"),
    "10,000 nested brackets": (DEEP, "too_deep"),
    "a row that is a list": (b'["Who?", "y"]', "null_field"),
    "a row that is a number": (b"17", "null_field"),
}
LABELS: dict[str, tuple[object, str]] = {
    "a label out of range": (7, "label_out_of_range"),
    "a negative label": (-3, "label_out_of_range"),
    "a label that is no class": ("maybe", "label_out_of_range"),
    "no label": (-1, "no_label"),
    "an object for a label": ({"x": 1}, "label_out_of_range"),
}
SOURCES = {
    "rows": {**QA, "path": "rows.jsonl"},
    "labels": {
        "kind": "files", "path": "labels.jsonl", "task": "classify", "licence": "MIT", "labels": ["no", "yes"],
        "fields": {"text": "text", "label": "label"},
    },
    "cells": {**QA, "path": "cells.csv"},
}  # fmt: skip


@pytest.fixture(scope="module")
def read(make_project):
    project = make_small(make_project(), SOURCES)
    raw = project / "data" / "01_raw"
    lines = [line for row, _ in ROWS.values() for line in (GOOD, row)]
    (raw / "rows.jsonl").write_bytes(b"\n".join([*lines, GOOD]))
    labelled = [{"text": f"Text {n}", "label": label} for n, (label, _) in enumerate(LABELS.values())]
    (raw / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [{"text": "Fine", "label": "yes"}, *labelled]))
    (raw / "cells.csv").write_bytes(b'q,a\nWho?,Ann\nWho?,Ann,Bob\nWho?\n"caf\xe9",Ann\nWhen?,Now\n')
    curate(project, "ingest.list_quarantined", engine={"workers": 1}, ingest={"max_quarantined": 1.0})
    return project


def test_each_kind_has_its_reason_and_place_and_costs_only_itself(read):
    table = folder(read, "quarantined_rows").read().to_pylist()
    found = {(row["source"], row["row"]): row["reason"] for row in table}
    wanted = {("rows", 2 * n + 1): reason for n, (_, reason) in enumerate(ROWS.values())}
    wanted |= {("labels", n + 1): reason for n, (_, reason) in enumerate(LABELS.values())}
    wanted |= {("cells", 1): "bad_row", ("cells", 2): "bad_row", ("cells", 3): "bad_utf8"}
    assert found == wanted
    assert all(row["detail"] and len(row["excerpt"]) <= 200 and row["excerpt"].isprintable() for row in table if row["excerpt"])
    records = folder(read, "records")
    assert pa.compute.value_counts(records.read(["source"])["source"].cast(pa.string())).to_pylist() == [
        {"values": "cells", "counts": 2}, {"values": "labels", "counts": 1}, {"values": "rows", "counts": len(ROWS) + 1}
    ]  # fmt: skip


def test_they_are_counted_in_the_first_ledger(read):
    counts = {shard.entry.note["source"]: shard.entry.note["counts"] for shard in folder(read, "records").shards}
    bad = {"rows": len(ROWS), "labels": len(LABELS), "cells": 3}
    for source, lost in bad.items():
        assert counts[source]["quarantined"] == lost
        assert counts[source]["rows"] == counts[source]["ingested"] + lost


def test_they_are_listed_with_place_and_reason(read):
    said = tell(read, "trace", "--quarantined", "--limit=99").output
    assert f"{len(ROWS) + len(LABELS) + 3} rows are quarantined" in said
    for word in (
        "rows: 4 bad_json",
        "rows.jsonl row 1:",
        "labels.jsonl row 2:",
        "cells.csv row 3:",
        "longer than 50 MB",
        "nested",
    ):
        assert word in said
    said = tell(read, "trace", "--quarantined", "--source=cells").output
    assert "3 rows are quarantined of cells" in said
    assert "rows.jsonl" not in said


def test_above_the_share_allowed_the_run_fails_and_they_are_listed_nevertheless(read):
    result = tell(read, "run", "--params=engine.workers=1,ingest.max_quarantined=0.4")
    assert result.exit_code == 1
    assert "3 of 5 rows cannot be read, more than ingest.max_quarantined=0.4" in " ".join(result.output.split())
    assert "rows are quarantined of cells" in tell(read, "trace", "--quarantined", "--source=cells").output
