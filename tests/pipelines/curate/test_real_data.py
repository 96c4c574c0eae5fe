"""Curate over the original files of more than fifty public datasets, in one run: the books, the overlaps and the leaks."""

import gzip
import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from polymath.training.tracks import IGNORED, Track
from tests.running import folder, kedro, run


@pytest.fixture(scope="module")
def project(make_project, shared_data):
    made = make_project()
    run(made, "--env=samples", f"--params=run.files_root={shared_data}")
    return made


@pytest.fixture(scope="module")
def decided(project):
    """The last decision of every record with its source, in columns; leaks and duplicates with what they name."""
    parts = []
    records, leaks = folder(project, "records"), folder(project, "decontaminate_decisions")
    dedup, split = folder(project, "dedup_decisions"), folder(project, "split_decisions")
    for number, shard in enumerate(records.shards):
        columns = {"source": pa.array([shard.entry.note["source"]] * shard.rows, pa.string())}
        for name in ("id", "file", "prompt", "context"):
            column = shard.read([name])[name]
            columns[name] = column.cast(pa.string())
        for part, names in ((split, ("kept", "reason", "task")), (leaks, ("benchmark", "covered")), (dedup, ("duplicate_of",))):
            columns |= {name: _plain(part.shards[number].read([name])[name]) for name in names}
        parts.append(pa.table(columns))
    return pa.concat_tables(parts).to_pandas()


def _plain(column):
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def test_more_than_twenty_datasets_go_through_and_every_task_has_its_share(project, decided):
    kept = decided[decided.kept]
    assert kept.source.nunique() > 45
    assert len(decided) > 260_000
    assert kept.task.value_counts().min() > 100
    tasks = "text instruct chat extractive_qa multiple_choice reasoning summarize classify code preference"
    assert set(kept.task) >= set(tasks.split())


def test_preferences_of_four_datasets_become_a_track_of_pairs(project):
    track = Track(*(folder(project, name) for name in ("tokens", "sequences", "schedule")), "preference")
    assert track.holds_pairs
    held = track.of_split("train")
    assert track.sources(held) == ["dpo_sample", "hh_rlhf_sample", "oasst1_pairs_sample", "oasst1_ranked_zh_sample"]
    for sequence in held[::40]:
        better, worse = track.pair(int(sequence))
        start = int(np.flatnonzero(better.labels == IGNORED)[-1]) + 1
        assert better.ids[:start].tolist() == worse.ids[:start].tolist()
        assert better.ids.tolist() != worse.ids.tolist()


def test_the_books_balance_and_say_where_every_row_went(project):
    lines = folder(project, "books").read().to_pylist()
    rows = {(line["source"], line["line"]): line["count"] for line in lines if line["ledger"] == "rows"}
    assert rows["gsm8k_test_sample", "refused"] == rows["gsm8k_test_sample", "read"] == 1319
    assert rows["newsgroups_sample", "read"] == 2000
    assert rows["sst2_sample", "ingested"] == 60_614
    removed = Counter()
    for line in lines:
        if line["ledger"] == "records" and line["line"] not in ("made", "kept"):
            removed[line["line"]] += line["count"]
    assert len(removed) > 15
    assert "it is the split that gsm8k scores" in kedro(project, "trace", "--source=gsm8k_test_sample", "--env=samples").stdout


def test_commonsense_qa_items_inside_a_chain_of_thought_set_are_leaks(decided):
    leaks = decided[
        (decided.source == "ecqa_sample") & (decided.benchmark == "commonsense_qa") & (decided.reason == "benchmark_leak")
    ]
    assert len(leaks) >= 790


def test_piqa_goals_inside_natural_instructions_are_leaks_however_short(decided, shared_data):
    """README: task080 holds 700 PIQA validation goals."""
    with gzip.open(shared_data / "piqa" / "valid.jsonl.gz", "rt") as lines:
        goals = {" ".join(json.loads(line)["goal"].lower().split()) for line in lines}
    mine = decided[(decided.source == "natural_instructions_sample") & decided.file.str.contains("task080")]
    is_goal = mine.context.map(lambda text: " ".join(str(text).lower().split()) in goals)
    assert is_goal.sum() >= 690
    assert (~mine[is_goal].kept).all(), "a PIQA validation goal stays in the training mix"


def test_xquad_questions_inside_natural_instructions_and_squad_are_leaks(decided):
    leaks = decided[(decided.benchmark == "xquad_en") & (decided.reason == "benchmark_leak")]
    assert (leaks.source == "squad_v2_sample").sum() > 300
    assert leaks.file.str.contains("task1609").sum() > 150


def test_a_set_that_another_one_holds_adds_nothing(project, decided):
    """README: one Toolformer file is a superset of the other."""
    inside = decided[decided.source == "toolformer_similarity_sample"]
    assert inside.kept.mean() < 0.05
    assert inside.duplicate_of.str.startswith("toolformer_sample/").mean() > 0.9
    overlaps = {(row["source"], row["other"]): row for row in folder(project, "source_overlaps").read().to_pylist()}
    row = overlaps["toolformer_similarity_sample", "toolformer_sample"]
    assert row["shared"] / row["records"] > 0.95


def test_squad_keeps_its_distinct_questions(decided):
    """Compared with their shared passages whole, 77 % of the rows would go."""
    squad = decided[decided.source == "squad_v2_sample"]
    assert len(squad) == 6078
    duplicates = squad.reason.isin(["near_duplicate", "copy"]).sum()
    assert duplicates < 20
    assert squad.kept.sum() > 5500


def test_four_renderings_of_alice_become_one(decided):
    books = decided[(decided.source == "gutenberg_sample") & decided.file.str.contains("GITenberg|carroll", regex=True)]
    gone = books.reason == "near_duplicate"
    assert gone.sum() > 15


def test_thai_is_kept_tokenized_and_not_judged_by_english_rules(project, decided):
    thai = decided[decided.source.isin(["iapp_wiki_qa_sample", "wisesight_sample", "thaigov_sample"])]
    assert thai.groupby("source").kept.mean().min() > 0.9
    counts = folder(project, "token_counts").read(["source", "tokens"]).to_pandas().groupby("source").tokens.sum()
    assert counts["thaigov_sample"] > 100_000


def test_the_schedule_is_stratified_over_the_tasks(project):
    notes = {shard.name: shard.entry.note for shard in folder(project, "schedule").shards}
    sft = notes["sft"]
    assert sft["steps"] > 300
    assert sft["task_deviation"] < 1
    assert sft["concept_deviation"] < 2
    sequences = folder(project, "sequences").shards[[s.name for s in folder(project, "sequences").shards].index("sft")]
    schedule = folder(project, "schedule").shards[[s.name for s in folder(project, "schedule").shards].index("sft")]
    tasks = _plain(sequences.read(["task"])["task"]).take(schedule.read(["sequence"])["sequence"]).to_numpy()
    batches = tasks[: len(tasks) // 32 * 32].reshape(-1, 32)
    for task in np.unique(tasks):
        per_batch = (batches == task).sum(axis=1)
        assert per_batch.max() - per_batch.min() <= 2, task


def test_sequences_are_well_filled(project):
    sizes = {shard.name: shard.entry.note.get("sequence_tokens") for shard in folder(project, "schedule").shards}
    (sft,) = [shard for shard in folder(project, "sequences").shards if shard.name == "sft"]
    assert pc.mean(sft.read(["tokens"])["tokens"]).as_py() / sizes["sft"] > 0.95


def test_a_leak_tells_its_story(project, decided, shared_data):
    leak = decided[(decided.reason == "benchmark_leak") & (decided.source == "ecqa_sample")].iloc[0]
    said = kedro(project, "trace", leak.id, "--env=samples").stdout
    assert "item" in said
    assert "commonsense_qa" in said


def test_another_run_over_everything_redoes_nothing(project, shared_data):
    said = run(project, "--env=samples", f"--params=run.files_root={shared_data}")
    assert "✓" not in said
