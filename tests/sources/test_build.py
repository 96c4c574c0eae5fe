"""From batches to records: columnar or row by row, the same records."""

import pyarrow as pa
import pytest

from polymath.errors import UserError
from polymath.sources.build import RecordBuilder, placed_rows
from polymath.sources.library import Source
from polymath.sources.rows import BadRow, Batch, Place, Unfit

ROWS = [
    {"q": "One?", "a": "1"},
    {"q": None, "a": "2"},
    {"q": "Three?", "a": "3"},
    {"q": " ", "a": ""},
    {"q": "Five?", "a": "5"},
]


def source(**given):
    return Source(**{"kind": "files", "path": "x.jsonl", "task": "closed_qa", "licence": "MIT", **given})


FIELDS = source(fields={"prompt": "q", "reply": "a"}, tier="high", language="en")
AS_TABLE = Batch("x.parquet", Place(0, 10), table=pa.Table.from_pylist(ROWS))
AS_ROWS = Batch("x.parquet", Place(0, 10), rows=[(Place(0, 10 + n), row) for n, row in enumerate(ROWS)])


def built(batch, entry=FIELDS, adapter=None):
    builder = RecordBuilder("qa", entry, adapter)
    return builder, *builder.build(batch)


def test_a_table_and_its_rows_make_the_same_records():
    _, columnar, bad = built(AS_TABLE)
    _, by_row, also_bad = built(AS_ROWS)
    assert columnar.equals(by_row)
    assert [each[:2] for each in bad] == [each[:2] for each in also_bad]


def test_records_are_numbered_in_file_order_and_know_their_row():
    builder, table, bad = built(AS_TABLE)
    assert table["id"].to_pylist() == ["qa/0", "qa/1", "qa/2"]
    assert table["row"].to_pylist() == [10, 12, 14]
    assert [(each.place.row, each.reason) for each in bad] == [(11, "null_field"), (13, "empty")]
    assert vars(builder.counts) == {"rows": 5, "ingested": 3, "quarantined": 2, "refused": 0}
    assert builder.build(AS_TABLE)[0]["id"].to_pylist() == ["qa/3", "qa/4", "qa/5"]


def test_the_source_stands_on_every_record():
    _, table, _ = built(AS_ROWS)
    first = table.slice(0, 1).to_pylist()[0]
    told = {name: first[name] for name in ("source", "file", "task", "tier", "language")}
    assert told == {"source": "qa", "file": "x.parquet", "task": "closed_qa", "tier": "high", "language": "en"}


def test_rows_that_could_not_be_read_are_counted_with_the_others():
    bad = [BadRow(Place(0, 9), "bad_json", "cut", "{")]
    builder, _, quarantined = built(Batch("x.jsonl", Place(0, 9), rows=AS_ROWS.rows, bad=bad))
    assert builder.counts.rows == 6
    assert quarantined[0] == bad[0]


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(UserError, match=r"qa\.fields\.prompt: x\.parquet has no column 'question'; .*Known: a, q"):
        built(AS_TABLE, source(fields={"prompt": "question", "reply": "a"}))


def test_class_names_become_choices():
    rows = pa.table({"text": ["x", "y"], "label": [1, 0]})
    _, table, _ = built(
        Batch("x", Place(0, 0), table=rows),
        source(task="classify", fields={"text": "text", "label": "label"}, labels=["no", "yes"]),
    )
    assert table["choices"].to_pylist() == [["no", "yes"]] * 2
    assert table["label"].to_pylist() == [1, 0]


def adapter(row):
    if row["q"] is None:
        raise Unfit("null_field", "no question")
    for part in row["q"].split():
        yield Unfit("odd", part) if part == "Three?" else {"prompt": part, "reply": row["a"] or "x", "extra": {"n": 1}}


def test_an_adapter_may_make_several_records_of_a_row_and_refuse_a_part():
    rows = [
        (Place(0, 0), {"q": "One? Three? Two?", "a": "1"}),
        (Place(0, 1), {"q": "", "a": ""}),
        (Place(0, 2), {"q": None, "a": ""}),
    ]
    builder, table, bad = built(Batch("x", Place(0, 0), rows=rows), source(adapter="any"), adapter)
    assert table["prompt"].to_pylist() == ["One?", "Two?"]
    assert table["extra"].to_pylist() == ['{"n":1}'] * 2
    assert [(each.place.row, each.reason) for each in bad] == [(0, "odd"), (1, "no_record"), (2, "null_field")]
    assert vars(builder.counts) == {"rows": 3, "ingested": 1, "quarantined": 2, "refused": 0}


def test_fields_of_the_entry_complete_what_an_adapter_makes():
    _, table, _ = built(AS_ROWS, source(adapter="any", fields={"group": "a", "language": "'th'"}), adapter)
    assert table["group"].to_pylist() == ["1", "5"]
    assert table["language"].to_pylist() == ["th", "th"]


def joins_rows(rows):
    """Questions and their answers on rows of their own."""
    asked = {}
    for place, row in rows:
        if "q" in row:
            asked[row["id"]] = (place, row["q"])
        elif row["of"] in asked:
            where, question = asked.pop(row["of"])
            yield where, {"prompt": question, "reply": row["a"]}
        else:
            yield place, Unfit("no_parent", "no question")
    for place, _ in asked.values():
        yield place, Unfit("left_out", "no answer")


def test_an_adapter_over_the_whole_source_joins_rows_of_several_batches():
    first = Batch("x.xml", Place(0, 0), rows=[(Place(0, 0), {"id": 1, "q": "One?"}), (Place(0, 1), {"id": 2, "q": "Two?"})])
    second = Batch("y.xml", Place(1, 0), rows=[(Place(1, 0), {"of": 1, "a": "1"}), (Place(1, 1), {"of": 9, "a": "9"})])
    builder = RecordBuilder("qa", source(adapter="any"), None)
    parts = list(builder.build_whole([first, second], joins_rows))
    assert pa.concat_tables([table for _, table, _ in parts])["prompt"].to_pylist() == ["One?"]
    assert [(file, each.reason) for file, _, bad in parts for each in bad] == [("y.xml", "no_parent"), ("x.xml", "left_out")]
    assert vars(builder.counts) == {"rows": 4, "ingested": 2, "quarantined": 1, "refused": 1}


def test_a_blank_context_is_none_and_a_long_group_is_digested():
    rows = [{"q": "One?", "a": "1", "c": " ", "g": "article"}, {"q": "Two?", "a": "2", "c": "x", "g": "passage " * 40}]
    entry = source(fields={"prompt": "q", "reply": "a", "context": "c", "group": "g", "extra": "c, g"})
    _, table, _ = built(Batch("x", Place(0, 0), table=pa.Table.from_pylist(rows)), entry)
    assert table["context"].to_pylist() == [None, "x"]
    first, second = table["group"].to_pylist()
    assert first == "article"
    assert second.startswith("passage passage")
    assert len(second) < 60
    assert table["extra"].to_pylist()[0] == '{"c":" ","g":"article"}'


def test_the_rows_of_a_table_have_places():
    assert [place.row for place, _ in placed_rows(AS_TABLE)] == [10, 11, 12, 13, 14]


@pytest.mark.parametrize("label", [2**40, -(2**40), float("inf"), float("nan")])
def test_a_label_that_no_class_has_costs_only_its_row(label):
    table = pa.table({"t": ["one", "two"], "l": pa.array([label, 0], pa.int64() if isinstance(label, int) else pa.float64())})
    entry = source(task="classify", fields={"text": "t", "label": "l"}, labels=("no", "yes"))
    _, made, bad = built(Batch("x.parquet", Place(0, 0), table=table), entry)
    assert made["text"].to_pylist() == ["two"]
    assert [(each.place.row, each.reason) for each in bad] == [(0, "label_out_of_range")]


def test_what_is_told_of_a_bad_row_is_short_and_can_be_printed():
    entry = source(task="classify", fields={"text": "t", "label": "l"}, labels=("no", "yes"))
    _, _, [bad] = built(Batch("x.jsonl", Place(0, 0), rows=[(Place(0, 0), {"t": "\x1b[2J", "l": "\x1b[1m" * 999})]), entry)
    assert len(bad.detail) <= 500
    assert len(bad.excerpt) <= 200
    assert (bad.detail + bad.excerpt).isprintable()


def test_a_row_of_several_records_is_lost_only_when_none_of_them_was_made():
    """An adapter of the whole source may say of one row both a record and what was wrong with another."""

    def adapter(rows):
        for place, row in rows:
            yield place, Unfit("empty", "says nothing")
            yield place, {"prompt": "q", "reply": row["a"]} if row["a"] else Unfit("empty", "nor does this")

    rows = [(Place(0, n), {"a": answer}) for n, answer in enumerate(("yes", ""))]
    builder = RecordBuilder("qa", source(adapter="oasst_messages"), None)
    ((_, table, bad),) = builder.build_whole([Batch("x.jsonl", Place(0, 0), rows=rows)], adapter)
    assert table["row"].to_pylist() == [0]
    assert [each.place.row for each in bad] == [0, 1, 1]
    assert vars(builder.counts) == {"rows": 2, "ingested": 1, "quarantined": 1, "refused": 0}
