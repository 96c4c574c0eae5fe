"""Decontaminate: what a benchmark asks does not stand in the training data."""

import json

import pyarrow.parquet as pq
import pytest

from polymath.errors import UserError
from polymath.pipelines.curate.decontaminate import drop_leaks, find_leaks, read_benchmarks
from polymath.pipelines.curate.ingest import RunConfig
from polymath.pipelines.curate.suite import DecontaminateConfig
from polymath.sources.benchmarks import Benchmarks
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

QUESTION = "Which of these animals is known to sleep upside down in caves during the whole day?"
SHORT = "Why do cats purr softly?"


@pytest.fixture
def root(tmp_path):
    rows = [{"id": "q1", "question": QUESTION}, {"id": "q2", "question": SHORT}, {"id": "q3", "question": "What is it?"}]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "quiz.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return tmp_path / "raw"


def benchmarks(**more):
    entry = {"kind": "files", "path": "quiz.jsonl", "licence": "MIT", "item": "question", "id": "id"}
    return Benchmarks({"quiz": {**entry, **more}})


def leaks(tmp_path, root, rows, config=DecontaminateConfig(), suite=None):
    records = records_of(tmp_path / "records", {"s": rows})
    run = runner(tmp_path)
    config_run = RunConfig(sources="s", files_root=root)
    items = run("items", read_benchmarks(suite or benchmarks(), config_run, config, ENGINE))
    found = run("matches", find_leaks(records, items, config, ENGINE))
    decisions = run("decisions", drop_leaks(all_kept(tmp_path / "dedup", records), found, config, ENGINE))
    return decisions.read().to_pylist()


def qa(prompt, reply="a bat"):
    return {"prompt": prompt, "reply": reply}


def test_an_item_inside_a_longer_record_is_found_whatever_case_and_punctuation(tmp_path, root):
    told = f"Here is one: {QUESTION.upper().replace(' IN', ', in')} Think!"
    decided = leaks(tmp_path, root, [qa(told), qa("Which of these animals is known to bark?")])
    assert [row["kept"] for row in decided] == [False, True]
    assert (decided[0]["reason"], decided[0]["benchmark"], decided[0]["item"]) == ("benchmark_leak", "quiz", "q1")
    assert decided[0]["covered"] == 1
    assert "SLEEP UPSIDE DOWN" in decided[0]["matched"]


def test_an_item_too_short_for_an_ngram_is_found_whole(tmp_path, root):
    decided = leaks(tmp_path, root, [qa("Tell me: why do cats purr softly?"), qa("Why do cats purr loudly?"), qa("what is it")])
    assert [row["item"] for row in decided] == ["q2", None, "q3"]


@pytest.mark.parametrize(
    ("item", "said", "leaks_"),
    [
        ("Which of the following is true?", "Read on. Which of the following is true of Adrianne ?", False),
        (
            "Which of the following is true?",
            "Which of the following is true of whales? Which of the following is true? A",
            True,
        ),
        ("Which of the following is true?", "which of the FOLLOWING is true (A) whales (B) bats", True),
        ("What is the value of 2+2?", "What is the value of -2 - (-2 + 5)?", False),
        ("What is the value of 2+2?", "Tell me what is the value of 2 + 2.", True),
        ("how to clean a dirty sink", "how to clean a dirty sink Options: soap, sand", True),
    ],
)
def test_a_short_item_leaks_where_it_stands_with_its_signs_and_to_the_end_of_its_sentence(tmp_path, root, item, said, leaks_):
    (root / "quiz.jsonl").write_text(json.dumps({"id": "q", "question": item}))
    assert leaks(tmp_path, root, [qa(said)])[0]["kept"] is not leaks_


def test_the_item_is_found_in_any_field(tmp_path, root):
    rows = [qa("Answer.", f"You asked: {QUESTION}"), {**qa("Answer the question."), "context": QUESTION}]
    assert [row["kept"] for row in leaks(tmp_path, root, rows)] == [False, False]


def test_half_an_item_is_named_but_kept(tmp_path, root):
    decided = leaks(tmp_path, root, [qa("Which of these animals is known to sleep upside down at night on trees?")])[0]
    assert decided["kept"]
    assert decided["item"] == "q1"
    assert 0.4 < decided["covered"] < 0.7


def test_with_13_grams_any_shared_one_removes(tmp_path, root):
    config = DecontaminateConfig(match={"ngram_words": 13}, min_coverage=0)
    decided = leaks(
        tmp_path, root, [qa("Which of these animals is known to sleep upside down in caves during storms?")], config
    )
    assert not decided[0]["kept"]


def test_an_absent_benchmark_is_warned_of_and_the_run_goes_on(tmp_path, root, caplog):
    decided = leaks(tmp_path, root, [qa(QUESTION)], suite=benchmarks(path="gone.jsonl"))
    assert decided[0]["kept"]
    assert "not checked against quiz" in caplog.text


def test_a_required_benchmark_that_is_absent_ends_the_run(tmp_path, root):
    with pytest.raises(UserError, match=r"decontaminate\.require: quiz cannot be read: .*gone\.jsonl"):
        leaks(tmp_path, root, [qa("Hi")], DecontaminateConfig(require="quiz"), benchmarks(path="gone.jsonl"))


def test_an_unknown_benchmark_is_named_with_the_nearest(tmp_path, root):
    with pytest.raises(UserError, match="'quizz' is not a benchmark; did you mean 'quiz'"):
        leaks(tmp_path, root, [qa("Hi")], DecontaminateConfig(benchmarks="quizz"))


def test_every_commonsense_qa_item_in_the_rendering_of_natural_instructions_is_a_leak(tmp_path, shared_data):
    """All 1,175 rows of its task073 are such items; that file is not among the sample data, so they are rendered as it does."""
    path = "derived_parquet/commonsense_qa/validation-00000-of-00001.parquet"
    rendered = []
    for row in pq.read_table(shared_data / path, columns=["question", "choices"]).to_pylist():
        options = zip(row["choices"]["label"], row["choices"]["text"], strict=True)
        rendered.append(qa(f"{row['question']} " + " ".join(f"({label}){text}" for label, text in options), "A"))
    assert len(rendered) >= 700
    decided = leaks(tmp_path, shared_data, rendered, suite=benchmarks(path=path))
    kept = [made["prompt"] for made, row in zip(rendered, decided, strict=True) if row["kept"]]
    assert kept == []
