"""The traps of the datasets' schemas on real rows: as the published files have them, and as the hub's tables do."""

import gzip
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.pipelines.curate.adapters.test_first_rows import FILES
from tests.pipelines.curate.adapters.test_real_rows import placed_rows, read_rows

from polymath.pipelines.curate.adapters import adapters
from polymath.sources.build import RecordBuilder
from polymath.sources.clean_text import NormalizeConfig, clean_fields
from polymath.sources.library import Source
from polymath.sources.rows import Batch, Place

Rows = list[dict[str, Any]]


def rows_of(path: str, root: Path, **read: Any) -> Rows:
    """The rows of files as they are, by no entry's fields."""
    source = Source(kind="files", path=path, read=read, task="text", licence="MIT", fields={"text": "text"})
    return [row for batch in source.batches(root) for _, row in placed_rows(batch)]


def built(source: Source, rows: Rows) -> tuple[Rows, dict[str, int]]:
    """Records of an entry's rows, and the reasons of what became none."""
    adapter = source.adapter and partial(adapters[source.adapter], **adapters.options(source.adapter, source.options, "test"))
    placed = [(Place(0, number), row) for number, row in enumerate(rows)]
    table, bad = RecordBuilder("test", source, adapter or None).build(Batch("file", Place(0, 0), placed))
    return table.to_pylist(), dict(Counter(one.reason for one in bad))


def entry(sources: Any, name: str, **change: Any) -> Source:
    return Source(**{**sources("base")[name].model_dump(), **change})


TESTS = {
    "piqa": ("piqa/**/tests.jsonl", {}, "label", -1),
    "hellaswag": ("hellaswag/**/hellaswag_test.jsonl", {}, "label", ""),
    "cosmos_qa": ("cosmos_qa/**/test.jsonl", {}, "label", -1),
    "commonsense_qa": ("commonsense_qa/**/test_rand_split_no_answers.jsonl", FILES["commonsense_qa"][1], "answerKey", ""),
    "super_glue_boolq": ("super_glue/*/boolq/**/BoolQ/test.jsonl", {}, "label", -1),
    "super_glue_copa": ("super_glue/*/copa/**/test.jsonl", {}, "label", -1),
    "super_glue_cb": ("super_glue/*/boolq/**/CB/test.jsonl", {}, "label", -1),
    "super_glue_wic": ("super_glue/*/wic/**/test.jsonl", {}, "label", -1),
    "glue_sst2": ("glue/*/sst2/**/test.tsv", {}, "label", -1),
    "glue_mnli": ("glue/*/mnli/**/test_matched.tsv", FILES["glue_mnli"][1], "gold_label", -1),
    "glue_stsb": ("glue/*/stsb/**/test.tsv", FILES["glue_stsb"][1], "score", -1.0),
}
"""Entry: the file of its test split, what differs from the hub there, and the label that the hub puts in."""


@pytest.mark.parametrize("name", TESTS)
def test_no_row_of_a_test_split_becomes_a_record(name: str, unpacked: Path, sources: Any) -> None:
    path, change, column, nothing = TESTS[name]
    source = entry(sources, name, **change)
    rows = rows_of(path, unpacked, **({"quote": ""} if path.endswith("tsv") else {}))
    assert len(rows) > 0
    assert not any(column in row for row in rows), "the published file has no such column"
    records, unfit = built(source, rows)
    assert (records, sum(unfit.values())) == ([], len(rows))
    assert set(unfit) <= {"no_label", "null_field"}
    assert built(source, [{**row, column: nothing} for row in rows]) == ([], {"no_label": len(rows)})


def test_hellaswags_real_labels_say_the_same_as_numbers_and_as_strings(shared_data: Path, sources: Any) -> None:
    rows = rows_of("hellaswag/*.jsonl.gz", shared_data)
    assert {type(row["label"]) for row in rows} == {int}
    original, unfit = built(entry(sources, "hellaswag"), rows)
    hub, _ = built(entry(sources, "hellaswag"), [{**row, "label": str(row["label"])} for row in rows])
    assert (len(original), unfit) == (2000, {})
    assert original == hub
    assert Counter(record["label"] for record in hub) == Counter(row["label"] for row in rows)


def test_problems_written_as_bytes_are_those_of_the_published_lines(unpacked: Path, sources: Any) -> None:
    lines = [row["text"] for row in rows_of("math_dataset/**/algebra__linear_1d.txt", unpacked, format="text", unit="line")]
    asked, told = lines[::2], lines[1::2]
    hub = [{"question": str(f"{q}\n".encode()), "answer": str(f"{a}\n".encode())} for q, a in zip(asked, told, strict=True)]
    records, unfit = built(entry(sources, "math_dataset_algebra"), hub)
    assert unfit == {}
    assert [(record["prompt"], record["reply"]) for record in records] == list(zip(asked, told, strict=True))


def test_real_conversations_are_read_alike_in_both_markups(shared_data: Path, sources: Any) -> None:
    real, _ = read_rows("guanaco_sample", sources("samples")["guanaco_sample"], shared_data)
    names = {"user": "Human", "assistant": "Assistant"}
    texts = ["".join(f"### {names[turn['role']]}: {turn['content']}" for turn in record["messages"]) for record in real]
    pairs = zip(real, texts, strict=True)
    alike = [record["messages"] for record, text in pairs if text.count("### ") == len(record["messages"])]
    records, unfit = built(entry(sources, "oasst1_guanaco"), [{"text": text} for text in texts])
    assert unfit == {}
    read = [record["messages"] for record in records]
    assert len(alike) > 900, "the others speak of headings or of Human: themselves"
    assert all(turns in read for turns in alike)


def test_topics_written_as_a_list_or_as_the_text_of_one_are_the_same(sources: Any) -> None:
    row = {"quote": "Be.", "author": "Ann"}
    (tags,), _ = built(entry(sources, "english_quotes"), [{**row, "tags": ["life", "money"]}])
    (text,), _ = built(entry(sources, "english_historical_quotes"), [{**row, "categories": "['life', 'money']"}])
    assert json.loads(tags["extra"]) == json.loads(text["extra"])
    assert tags["prompt"] == text["prompt"] == "Quote Ann on life and money."


def test_carriage_returns_of_real_programs_end_lines_and_nothing_more(unpacked: Path, sources: Any) -> None:
    rows = rows_of(FILES["mbpp"][0], unpacked)
    assert sum("\r\n" in row["code"] for row in rows) > 0
    source = entry(sources, "mbpp")
    placed = [(Place(0, number), row) for number, row in enumerate(rows)]
    table, _ = RecordBuilder("test", source, None).build(Batch("file", Place(0, 0), placed))
    programs = clean_fields(table, NormalizeConfig(), source.html_entities, ())["reply"].to_pylist()
    assert programs == [row["code"].replace("\r\n", "\n").strip() for row in rows]


def test_cells_of_many_lines_stand_in_one_row_where_rows_end_with_a_carriage_return(shared_data: Path) -> None:
    raw = gzip.decompress((shared_data / "reddit" / "Jokes.csv.gz").read_bytes())
    rows = rows_of("reddit/Jokes.csv.gz", shared_data)
    assert raw.count(b"\r\n") > 1000
    assert raw.count(b"\n") > 1.5 * raw.count(b"\r\n"), "most cells have lines of their own"
    assert len(rows) == 1000
    assert not any("\r" in (list(row.values())[-1] or "") for row in rows), "the last cell ends before its line does"
    assert sum("\n" in row["selftext"] for row in rows) > 300
