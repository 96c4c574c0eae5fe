"""Benchmarks from files: every part a shard, whole scores and those without what the mix holds."""

import json

import pytest

from polymath.engine.save import save_plan
from polymath.errors import UserError
from polymath.evaluation.exams import Exam
from polymath.evaluation.models import Model
from polymath.evaluation.sitting import score_exam
from polymath.evaluation.suites import HarnessEntry
from polymath.pipelines.evaluate.harness import score_items
from polymath.pipelines.evaluate.overlaps import find_overlaps
from polymath.pipelines.evaluate.scores import score_benchmarks
from polymath.sources.benchmarks import Benchmark
from polymath.store.folder import ShardFolder
from tests.pipelines.curate.made import ENGINE, all_kept, folder_of, records_of
from tests.pipelines.evaluate.conftest import BENCHMARKS, HARNESS, SUITES, dials, rows


def plan(evaluate, files, harness=HARNESS):
    return score_items(None, evaluate, SUITES, harness, BENCHMARKS, str(files), ENGINE)


@pytest.fixture(scope="module")
def scored(talker, files, tmp_path_factory):
    return save_plan(plan(dials(talker, suite="two"), files), tmp_path_factory.mktemp("scored"))


@pytest.fixture
def mix(tmp_path):
    """Records of which one holds the words of cat 3, and one that is not trained on those of cat 5."""
    said = ["Once the cat number 3 sat on the mat by the old mill and looked up.", "Nothing of that kind is said here at all."]
    held = "The cat number 5 sat on the mat by the old mill and looked at the river."
    records = records_of(tmp_path / "records", {"s": [{"text": text} for text in (*said, held)]}, task="text")
    kept = all_kept(tmp_path / "kept", records)
    tables = {s.name: s.read().append_column("split", [["train", "train", "test"]]) for s in kept.shards}
    return records, folder_of(tmp_path / "split", tables)


def overlaps(scored, mix, tmp_path, evaluate):
    return save_plan(find_overlaps(scored, *mix, evaluate, ENGINE), tmp_path / "overlaps")


def test_each_part_is_a_shard_and_one_that_no_file_has_is_empty(scored):
    assert [shard.entry.note["task"] for shard in scored.shards] == ["cats", "mmlu_anatomy", "mmlu_virology", "mmlu_astronomy"]
    assert [shard.rows for shard in scored.shards] == [8, 3, 2, 0]
    first = scored.shards[1].read().to_pylist()[0]
    assert first["item"] == "What is 0 plus one in anatomy?"
    assert first["prompt"].count("Answer:") == 2  # one example
    assert first["target"] == "B"


def test_a_run_that_was_killed_goes_on_with_the_task_that_is_missing(talker, files, tmp_path):
    evaluate = dials(talker, suite="two", limit=2)
    whole = save_plan(plan(evaluate, files), tmp_path)
    (tmp_path / "_manifest.json").unlink()
    lost = tmp_path / whole.shards[2].entry.file
    lost.unlink()
    before = {shard.path: shard.path.stat().st_mtime_ns for shard in whole.shards if shard.path != lost}
    assert save_plan(plan(evaluate, files), tmp_path).digest == whole.digest
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert lost.exists()


def test_items_that_the_mix_holds_are_told_and_left_out_of_the_clean_score(scored, mix, talker, tmp_path):
    evaluate = dials(talker)
    found = overlaps(scored, mix, tmp_path, evaluate)
    assert {row["item"] for row in rows(found, "item")} == {
        f"The cat number {n} sat on the mat by the old mill and looked at the river." for n in range(8)
    }  # "sat on the mat by the old mill" are eight words
    narrow = overlaps(scored, mix, tmp_path / "narrow", dials(talker, overlap_words=12))
    assert rows(narrow, "item", "record") == [
        {"item": "The cat number 3 sat on the mat by the old mill and looked at the river.", "record": "s/0"}
    ]
    scores = rows(save_plan(score_benchmarks(scored, narrow, mix[1], HARNESS, evaluate, ENGINE), tmp_path / "scores"))
    (cats,) = [row for row in scores if row["task"] == "cats" and row["main"]]
    values = [each["score"] for row in rows(scored.shards[0]) for each in row["scores"] if each["metric"] == "acc_norm"]
    assert (cats["items"], cats["clean_items"]) == (8, 7)
    assert cats["score"] == pytest.approx(sum(values) / 8)
    assert cats["clean_score"] == pytest.approx((sum(values) - values[3]) / 7)


def test_a_whole_benchmark_is_the_mean_over_its_items_with_lm_evals_pooled_error(scored, talker, tmp_path):
    from lm_eval.api.metrics import mean_stderr, pooled_sample_stderr

    none = save_plan(find_overlaps(scored, None, None, dials(talker), ENGINE), tmp_path / "overlaps")
    assert none.rows == 0
    scores = rows(save_plan(score_benchmarks(scored, none, None, HARNESS, dials(talker), ENGINE), tmp_path / "scores"))
    parts = [[row["scores"][0]["score"] for row in rows(shard)] for shard in scored.shards[1:3]]
    whole = next(row for row in scores if row["task"] == "mmlu")
    assert whole["score"] == pytest.approx(sum(map(sum, parts)) / 5)
    assert whole["stderr"] == pytest.approx(pooled_sample_stderr([mean_stderr(part) for part in parts], [3, 2]))
    assert whole["clean_items"] is None
    noted = {shard.entry.note["task"]: shard.entry.note["scores"] for shard in scored.shards}
    for row in scores:
        if row["task"] in noted:
            assert row["score"] == pytest.approx(noted[row["task"]][row["metric"]])


def test_of_rows_that_lm_eval_reads_itself_the_item_is_found_in_its_columns(talker, tmp_path):
    """As with a benchmark of the hub: nothing of ours is in its rows."""
    (tmp_path / "rows.jsonl").write_text(json.dumps({"q": "Is it?", "goal": "A goal of some words."}) + "\n")
    task = {
        **{"task": "mini", "dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.jsonl")}}},
        **{"test_split": "test", "output_type": "multiple_choice", "doc_to_text": "{{q}}", "doc_to_target": 1},
        **{"doc_to_choice": ["no", "yes"], "metric_list": [{"metric": "acc", "aggregation": "mean"}]},
    }
    (tmp_path / "mini.yaml").write_text(json.dumps(task))
    entry = HarnessEntry(file=str(tmp_path / "mini.yaml"), metric="acc")
    place = Benchmark.model_validate({"kind": "hub", "path": "some/one", "item": "goal", "licence": "CC0"})
    exam = Exam("mini", entry, entry.tasks("mini")[0], place, tmp_path, dials(talker).dials(entry))
    (row,) = score_exam(Model(str(talker)), exam).table.to_pylist()
    assert (row["item"], row["prompt"], row["target"]) == ("A goal of some words.", "Is it?", "yes")


def test_what_writes_programs_is_left_out_until_it_may_run_them(talker, files):
    assert not plan(dials(talker, suite="code"), files).items
    with pytest.raises(UserError, match=r"evaluate\.suite: code cannot be read .*evaluate\.suite=quick"):
        plan(dials(talker, suite="code", execute_code=True), files)


def test_files_of_another_benchmark_are_told(talker, files):
    entry = HARNESS.root["mmlu"].model_copy(update={"parts": ("chemistry",)})
    harness = HARNESS.model_copy(update={"root": {**HARNESS.root, "mmlu": entry}})
    with pytest.raises(UserError, match=r"harness\.mmlu: no row .* belongs to one of its parts; .* finds anatomy, virology"):
        list(plan(dials(talker, suite="mmlu"), files, harness).run())


def test_an_example_is_missed_before_the_model_is_asked(talker, files):
    entry = HARNESS.root["mmlu"].model_copy(update={"shots_path": ("mmlu/dev/anatomy*.csv",)})
    harness = HARNESS.model_copy(update={"root": {**HARNESS.root, "mmlu": entry}})
    with pytest.raises(UserError, match=r"shots_path: none of its files has examples of 'virology'"):
        list(plan(dials(talker, suite="mmlu"), files, harness).run())


def test_a_folder_of_scores_is_keyed_by_the_model_and_the_files(talker, files, tmp_path):
    keys = [[each.key(item) for item in each.items] for each in (plan(dials(talker, suite="two"), files) for _ in range(2))]
    assert keys[0] == keys[1]
    few = plan(dials(talker, suite="two", limit=1), files)
    assert not set(keys[0]) & {few.key(item) for item in few.items}
    assert isinstance(save_plan(plan(dials(talker, suite="code"), files), tmp_path), ShardFolder)
