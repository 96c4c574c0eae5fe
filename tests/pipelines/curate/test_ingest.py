"""Ingest: rows in, numbered records out; what cannot be read is set aside; a killed reading goes on."""

import gzip
import json

import pytest
from pydantic import ValidationError

from polymath.engine.save import save_plan
from polymath.errors import UserError
from polymath.pipelines.curate import ingest as steps
from polymath.pipelines.curate.ingest import IngestConfig, RunConfig, list_quarantined, read_sources
from polymath.pipelines.curate.recipes import Recipes
from polymath.pipelines.curate.suite import DecontaminateConfig
from polymath.pipelines.libraries import Sources
from polymath.sources.benchmarks import Benchmarks
from polymath.store.folder import MANIFEST
from tests.pipelines.curate.made import ENGINE

QA = {"kind": "files", "path": "qa.jsonl", "task": "closed_qa", "licence": "MIT", "fields": {"prompt": "q", "reply": "a"}}
SMALL = IngestConfig(shard_mb=1)


@pytest.fixture
def raw(tmp_path):
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def write(raw, name, rows):
    text = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    (raw / name).write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


RECIPES = Recipes({"closed_qa": {"plain": {"prompt": ["{prompt}"], "reply": "{reply}"}}})


def plan(raw, sources, benchmarks=None, config=SMALL, wanted="all", suite="all"):
    run, suite = RunConfig(sources=wanted, files_root=raw), DecontaminateConfig(benchmarks=suite)
    return read_sources(Sources(sources), Benchmarks(benchmarks or {}), suite, RECIPES, run, config, ENGINE)


def rows(count, start=0):
    return [{"q": f"Question {n}?", "a": f"Answer {n} " + "word " * 40} for n in range(start, start + count)]


def test_records_are_numbered_through_the_shards_of_a_source(tmp_path, raw):
    write(raw, "qa.jsonl.gz", rows(9000))
    made = save_plan(plan(raw, {"qa": {**QA, "path": "qa.jsonl.gz"}}), tmp_path / "records")
    assert len(made.shards) > 1
    assert made.read(["id"])["id"].to_pylist() == [f"qa/{n}" for n in range(9000)]
    assert made.read(["row"])["row"].to_pylist() == list(range(9000))


def test_unreadable_rows_are_set_aside_with_place_and_reason(tmp_path, raw):
    write(raw, "qa.jsonl", [{"q": "One?", "a": "1"}, "{broken", {"q": None, "a": "3"}, {"q": "Four?", "a": "4"}])
    records = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    loose = IngestConfig(shard_mb=1, max_quarantined=0.6)
    quarantined = save_plan(list_quarantined(records, loose, ENGINE), tmp_path / "quarantined").read().to_pylist()
    assert records.read(["row"])["row"].to_pylist() == [0, 3]
    assert [(row["row"], row["reason"]) for row in quarantined] == [(1, "bad_json"), (2, "null_field")]
    assert records.shards[-1].entry.note["counts"] == {"rows": 4, "ingested": 2, "quarantined": 2, "refused": 0}


def test_too_many_unreadable_rows_end_the_run_with_the_commonest_reason(tmp_path, raw):
    write(raw, "qa.jsonl", [{"q": "One?", "a": "1"}, "{broken", "[1, 2", {"q": None, "a": "3"}])
    records = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    with pytest.raises(
        UserError, match=r"qa: 3 of 4 rows cannot be read, more than ingest.max_quarantined=0.05; most are bad_json"
    ):
        list_quarantined(records, SMALL, ENGINE)


def test_another_share_of_unreadable_rows_reads_nothing_again(tmp_path, raw):
    write(raw, "qa.jsonl", rows(3))
    first = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    assert (
        plan(raw, {"qa": QA}, config=IngestConfig(shard_mb=1, max_quarantined=0.5)).base_key == plan(raw, {"qa": QA}).base_key
    )
    assert first.rows == 3


def test_a_killed_reading_goes_on_behind_its_last_whole_shard(tmp_path, raw, monkeypatch):
    write(raw, "qa.jsonl", rows(12_000))
    whole = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    assert len(whole.shards) > 2
    (tmp_path / "records" / MANIFEST).unlink()
    for shard in whole.shards[1:]:
        shard.path.unlink()
    starts = []
    real = steps.SourceInput
    monkeypatch.setattr(steps.RecordBuilder, "build", _noting(steps.RecordBuilder.build, starts))
    again = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    assert again.digest == whole.digest
    assert starts[0] == whole.shards[0].entry.note["row"] > 0
    assert real is steps.SourceInput


def _noting(build, starts):
    def noted(self, batch):
        starts.append(batch.start.row)
        return build(self, batch)

    return noted


def test_a_changed_file_is_noticed_by_its_bytes(tmp_path, raw):
    write(raw, "qa.jsonl", rows(3))
    first = save_plan(plan(raw, {"qa": QA}), tmp_path / "records")
    write(raw, "qa.jsonl", [*rows(2), {"q": "Question 2?", "a": "Another answer"}])
    assert save_plan(plan(raw, {"qa": QA}), tmp_path / "records").digest != first.digest


@pytest.mark.parametrize("change", [lambda path: path.write_text("{}\n" * 20_000), lambda path: path.unlink()])
def test_a_file_that_changes_while_it_is_read_ends_the_run(tmp_path, raw, change):
    write(raw, "qa.jsonl", rows(9000))
    write(raw, "qb.jsonl", rows(1))
    waiting = plan(raw, {"qa": {**QA, "path": "q*.jsonl"}})
    change(raw / "qb.jsonl")
    with pytest.raises(UserError, match=r"qa: qb\.jsonl changed while it was read; run again when nothing writes to it"):
        save_plan(waiting, tmp_path / "records")
    assert not list((tmp_path / "records").glob("*.parquet"))


def test_a_source_that_is_a_benchmarks_split_is_refused_and_counted(tmp_path, raw):
    write(raw, "qa.jsonl", rows(7))
    quiz = {"quiz": {"kind": "files", "path": "qa.jsonl", "licence": "MIT", "item": "q", "split": "test"}}
    made = save_plan(plan(raw, {"qa": {**QA, "split": "test"}}, quiz), tmp_path / "records")
    assert made.rows == 0
    assert made.shards[-1].entry.note["counts"] == {"rows": 7, "ingested": 0, "quarantined": 0, "refused": 7}
    assert made.shards[-1].entry.note["refused"].startswith("benchmark_split: it is the split that ")


def test_a_benchmarks_split_is_training_data_where_the_suite_drops_the_benchmark(tmp_path, raw):
    write(raw, "qa.jsonl", rows(7))
    entry = {"kind": "files", "path": "qa.jsonl", "licence": "MIT", "item": "q", "split": "test"}
    suite = {"quiz": entry, "other": {**entry, "path": "other.jsonl"}}
    made = save_plan(plan(raw, {"qa": {**QA, "split": "test"}}, suite, suite="other"), tmp_path / "records")
    assert made.rows == 7


def test_text_is_normalised_as_it_is_read_but_code_keeps_its_entities(tmp_path, raw):
    write(raw, "qa.jsonl", [{"q": "Caf\u0065\u0301 &amp; bar?\r\nYes\u0007", "a": "1"}])
    made = save_plan(plan(raw, {"qa": QA, "raw": {**QA, "html_entities": False}}), tmp_path / "records")
    assert made.read(["prompt"])["prompt"].to_pylist() == ["Caf\u00e9 & bar?\nYes", "Caf\u00e9 &amp; bar?\nYes"]


def test_personal_data_is_masked_when_asked(tmp_path, raw):
    write(raw, "qa.jsonl", [{"q": "Who has jane.doe@example.com?", "a": "1"}])
    made = save_plan(plan(raw, {"qa": QA}, config=IngestConfig(mask="email ip")), tmp_path / "records")
    assert made.read(["prompt"])["prompt"].to_pylist() == ["Who has <EMAIL>?"]


def test_a_missing_file_is_named_before_any_work(raw):
    with pytest.raises(UserError, match=r"qa\.jsonl: matches no file"):
        plan(raw, {"qa": QA})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"adapter": "sqad"}, "'sqad' is not an adapter; did you mean 'squad'"),
        ({"adapter": "choices", "options": {"lable": "x"}}, "unknown key; did you mean 'label'"),
        ({"fields": {"prompt": "a..b"}}, "is not a path"),
    ],
)
def test_a_wrong_entry_anywhere_in_the_library_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Sources({"qa": {**QA, **change}})


def hub_like(folder):
    """A local folder laid out like a hub dataset, with the split `train`."""
    (folder / "quiz").mkdir()
    (folder / "quiz" / "train.jsonl").write_text('{"q": "Who?", "a": "Ann"}\n')
    return {"path": str(folder / "quiz"), "kind": "hub", "read": {"outside": True}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipes": "plane"}, r"sources\.second\.recipes: 'plane' is not a recipe of closed_qa; did you mean 'plain'\?"),
        ({"fields": {"prompt": "q", "reply": "anser"}}, r"second\.fields\.reply: qa\.jsonl has no column 'anser'"),
        ({"split": "trian"}, r"'trian' is not a split; did you mean 'train'\?"),
        ({"config": "esy"}, r"'esy' is not a configuration"),
        (
            {"adapter": "alpaca", "task": "instruct", "fields": {}, "options": {"prompt": "qestion", "reply": "a"}},
            r"second\.options: qestion is missing or null in each of the first 12 rows of qa\.jsonl",
        ),
    ],
)
def test_a_wrong_recipe_column_or_split_of_any_source_is_one_message_before_any_work(
    raw, tmp_path, monkeypatch, change, message
):
    monkeypatch.chdir(tmp_path)
    write(raw, "qa.jsonl", rows(12))
    place = hub_like(tmp_path) if {"split", "config"} & set(change) else {}
    with pytest.raises(UserError, match=message):
        plan(raw, {"first": QA, "second": {**QA, **place, **change}})
