import pyarrow as pa

from polymath.pipelines.curate.books import FATE
from polymath.reporting.compare.ledger import Ledger, braced, parts_of


def fate(source: str, records: int, reason: str | None = None, task: str = "chat", **more) -> dict:
    return {"source": source, "task": task, "reason": reason, "records": records, "generated": False, **more}


ROWS = [
    fate("b", 7),
    fate("b", 2, "copy", generated=True),
    fate("a", 1200, task="code", moved="holds_code"),
    fate("a", 30, "copy", task="code", moved="holds_code"),
    fate("a", 40, "refusal"),
]
FATES = pa.Table.from_pylist(ROWS, schema=FATE)


def test_every_record_is_kept_or_removed_and_labels_stand_beside():
    parts = parts_of(FATES, ["a", "b"])
    assert list(parts) == [("a", "chat"), ("a", "code"), ("b", "chat")]
    code = parts["a", "code"]
    assert (code.kept, code.removed, code.moved, code.records) == (1200, {"copy": 30}, {"holds_code": 1230}, 1230)
    assert (parts["b", "chat"].generated, parts["b", "chat"].records) == (2, 9)


def test_a_ledger_is_written_in_four_lines():
    assert Ledger.of(parts_of(FATES, ["a", "b"])).lines() == [
        "original {a: 1,270, b: 9}",
        "removed {refusal: 40, copy: 32}",
        "moved and generated {moved by holds_code: 1,230, generated: 2}",
        "kept {code: 1,200, chat: 7}",
    ]


def test_a_ledger_of_nothing_is_empty():
    assert Ledger.of({}).lines() == ["original {}", "removed {}", "moved and generated {}", "kept {}"]
    assert braced({}) == "{}"
