"""`kedro compare` and `kedro runs` on a project with four runs."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from polymath.errors import UserError
from polymath.reporting.compare.comparison import Comparison, choose_runs
from polymath.reporting.compare.snapshot import SNAPSHOT, Snapshot
from polymath.reporting.compare.tell_compare import _tell_scores, plain_console
from polymath.reporting.compare.texts import Texts
from polymath.tracking import find_run
from tests.reporting.card.test_page import Reader
from tests.reporting.compare.made_runs import SECRET, Runs, make_runs
from tests.running import folder, kedro


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Runs:
    return make_runs(tmp_path_factory)


def between(runs: Runs, before: str, after: str) -> Comparison:
    return Comparison.of(runs.project, find_run(runs.records, before), find_run(runs.records, after))


@pytest.fixture(scope="module")
def retuned(runs) -> Comparison:
    return between(runs, "first", "second")


@pytest.fixture(scope="module")
def said(runs) -> str:
    result = kedro(runs.project, "compare", "first", "second", "--html", "comparison.html")
    assert result.returncode == 0, result.stderr
    return result.stdout


def read_ledger(text: str) -> dict[str, dict[str, int]]:
    """`original {squad: 1,000, dolly: 500}` as numbers."""
    found = {}
    for name, inner in re.findall(r"(original|removed|moved and generated|kept) \{(.*)\}", text):
        pairs = (pair.rsplit(": ", 1) for pair in inner.split(", ") if pair)
        found[name] = {key: int(number.replace(",", "")) for key, number in pairs}
    return found


def test_the_ledgers_stand_in_the_form_of_the_books_and_balance(runs, said):
    parts = re.split(r"^B  ", said, flags=re.MULTILINE)
    for text, decided in zip(parts, runs.decided, strict=False):
        told = read_ledger(text)
        assert list(told) == ["original", "removed", "moved and generated", "kept"]
        assert sum(told["original"].values()) == sum(told["removed"].values()) + sum(told["kept"].values()) == len(decided)
        reasons = [reason for reason, _, _ in decided.values() if reason]
        assert told["removed"] == {reason: reasons.count(reason) for reason in set(reasons)}
    assert read_ledger(parts[0])["original"] == {"python_topics": 260, "notes": 40}
    assert read_ledger(parts[0])["moved and generated"] == {"moved by replies_with_code": 10}
    assert read_ledger(parts[1])["moved and generated"] == {}


def test_the_records_named_as_changed_are_those_whose_decisions_differ(runs, retuned):
    first, second = runs.decided[:2]
    differ = {name for name in first if first[name] != second[name]}
    told = {name: (before, after) for name, before, after in retuned.changed_records()}
    assert set(told) == differ
    assert len(differ) > 30
    for name, (before, after) in told.items():
        if first[name][0] != second[name][0]:
            assert (before, after) == (first[name][0] or "kept", second[name][0] or "kept")
        else:
            assert (before, after) == ("kept as code", "kept as instruct")


def test_changes_are_counted_by_fate_before_and_after(runs, retuned):
    changes = retuned.changes(2)
    assert sum(change.count for change in changes) == len(list(retuned.changed_records()))
    assert [change.count for change in changes] == sorted((change.count for change in changes), reverse=True)
    assert all(len(numbers) <= 2 for change in changes for numbers in change.numbers.values())
    moved = next(change for change in changes if change.before == "kept as code")
    assert moved.counts == {"notes": 10}


def test_an_example_names_the_reason_and_what_was_measured(runs, retuned, said):
    change = next(change for change in retuned.changes() if (change.before, change.after) == ("kept", "too_few_words"))
    [example, *_] = change.examples(retuned.before.snapshot, retuned.after.snapshot, 3)
    assert example.before.reason is None
    assert example.after.value is not None
    assert example.after.value < 120
    assert f"{example.id}\n" in said
    assert f"B  too_few_words: measured {example.after.value:.4g}\n" in said


def test_a_near_duplicate_stands_beside_what_it_repeats_with_differing_words_marked(runs, retuned, said):
    change = next(change for change in retuned.changes() if (change.before, change.after) == ("kept", "near_duplicate"))
    [example] = change.examples(retuned.before.snapshot, retuned.after.snapshot, 1)
    assert 0.6 <= example.after.value < 0.8
    lines = said[said.index(f"{example.id}\n") :].splitlines()
    assert lines[2].strip() == f"B  near_duplicate: it is {example.after.value:.3f} like {example.after.because}"
    assert "[-" in lines[3]
    assert "{+" in lines[4]


def test_texts_are_shown_only_while_the_records_stand_as_they_were(runs, retuned, said):
    """The last run read other notes; the topics are still the same."""
    from polymath.datasets.shards import ShardsDataset

    catalog = {name: ShardsDataset(str(folder(runs.project, name).path)) for name in ("records", "text_signals", "group_keys")}
    texts = Texts.within(catalog, retuned.same_sources)
    assert texts.stands("python_topics/0")
    assert not texts.stands("notes/0")
    assert texts.excerpt("notes/0") is None
    assert texts.twins("notes/0", "python_topics/0") is None
    assert texts.excerpt("python_topics/3").id == "python_topics/3"
    notes = said[said.index("kept as code -> kept as instruct") :]
    assert "its text stands in the project no more" in notes[: notes.index("->", 20)]


def test_dials_that_differ_are_told_and_no_secret_is(runs, retuned, said):
    assert retuned.settings["dedup.verify.threshold"] == ("0.8", "0.6")
    assert retuned.settings["hub.access_token"] == (None, "***")
    assert re.search(r"dedup\.verify\.threshold +0\.8 +0\.6 *\n", said)
    for path in runs.project.rglob("*"):
        if path.is_file() and not path.is_relative_to(runs.project / "conf"):
            assert SECRET.encode() not in path.read_bytes(), path


def test_what_the_runs_models_learnt_and_scored_stands_side_by_side(runs, capsys):
    sides = between(runs, "again", "wider")
    found = (
        {"validation_loss": 5.5, "benchmark/hellaswag": 0.25, "records_kept": 7},
        {"validation_loss": 5.0, "held_out/code": 0.1, "reward/accuracy": 0.6, "align/reward check": 0.2, "rewarded": 1},
    )
    comparison = Comparison(*(
        dataclasses.replace(side, record=dataclasses.replace(side.record, metrics=metrics))
        for side, metrics in zip((sides.before, sides.after), found, strict=True)
    ))  # fmt: skip
    assert comparison.scores == {
        "validation_loss": (5.5, 5.0), "benchmark/hellaswag": (0.25, None), "held_out/code": (None, 0.1),
        "reward/accuracy": (None, 0.6), "align/reward check": (None, 0.2),
    }  # fmt: skip
    _tell_scores(plain_console(), comparison)
    said = capsys.readouterr().out
    assert re.search(r"validation_loss +5\.5 +5 +-0\.5", said)
    assert re.search(r"benchmark/hellaswag +0\.25 +none", said)


def test_tokens_and_weights_of_the_tracks_are_those_of_the_runs(runs):
    comparison = between(runs, "again", "wider")
    counts = folder(runs.project, "token_counts").read(["source", "split", "tokens"]).to_pylist()
    sums = sum(row["tokens"] for row in counts if (row["source"], row["split"]) == ("sums", "train"))
    assert comparison.after.tokens["sums", "closed_qa"] == sums > 0
    old, new = comparison.tracks["sft", "closed_qa"]
    assert (old.tokens, new.tokens) == (0, sums)
    assert new.weight == pytest.approx(1 - comparison.tracks["sft", "instruct"][1].weight)


def test_a_run_that_changed_nothing_links_the_files_of_the_one_before(runs):
    comparison = between(runs, "second", "again")
    for name in ("records", "books", "fates", "weights", "token_counts"):
        one, other = (side.snapshot.folder / f"{name}.parquet" for side in (comparison.before, comparison.after))
        assert one.samefile(other), name
    assert not (between(runs, "first", "second").before.snapshot.folder / "records.parquet").samefile(one)
    assert comparison.changes() == []
    assert not list(comparison.changed_records())
    assert (comparison.reasons, comparison.tracks) == ({}, {})
    said = kedro(runs.project, "compare", "second", "again").stdout
    assert "No record met another fate; both ended with the same mix" in said


def test_a_source_that_is_new_and_one_that_changed_are_told_and_counted(runs):
    comparison = between(runs, "again", "wider")
    assert comparison.states == {"python_topics": "same", "notes": "changed", "sums": "only after"}
    assert [part.kept for part in comparison.parts["sums", "closed_qa"]] == [0, 30]
    assert [part.records for part in comparison.parts["notes", "instruct"]] == [40, 41]
    assert not any(name.startswith("notes/") for name, _, _ in comparison.changed_records())
    said = kedro(runs.project, "compare").stdout
    assert "notes: its content changed between the runs, so that its records are compared by counts only\n" in said
    assert "sums: only in B\n" in said
    assert re.search(r"notes +instruct +40 -> 41 +\+1 ", said)


def test_the_page_holds_the_same_and_text_from_data_is_text(runs, retuned, said):
    page = (runs.project / "comparison.html").read_text("utf-8")
    assert said.endswith("page: comparison.html\n")
    read = Reader(page)
    assert read.open == []
    assert read.tags.count("script") == read.tags.count("style") == 1
    for line in (*retuned.before.ledger.lines(), *retuned.after.ledger.lines(), "kept → too few words: 30"):
        assert line in read.text, line
    assert "<mark>" in page
    assert {address[:1] for address in read.addresses} <= {"#", "d"}, "nothing is asked for from outside"


def test_runs_lists_the_newest_last_and_says_how_to_compare(runs):
    said = kedro(runs.project, "runs").stdout
    lines = [line for line in said.splitlines() if line.startswith("2")]
    assert [line.split()[:2] for line in lines] == [[record.id, record.name] for record in runs.records]
    assert f" {int(runs.records[0].metrics['records_kept']):,} " in lines[0]
    assert "kedro compare RUN_A RUN_B" in said
    few = kedro(runs.project, "runs", "--limit=1").stdout
    assert "3 earlier runs are not shown" in few
    assert "wider" in few
    assert "first" not in few


def test_without_names_the_last_two_runs_with_a_snapshot_are_compared(runs):
    before, after = choose_runs(runs.project, None, None)
    assert (before.name, after.name) == ("again", "wider")
    assert choose_runs(runs.project, "first", None)[1].name == "wider"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("frist", "second"), "'frist' is not a run (kedro runs lists them); did you mean 'first'?"),
        (("wider", "last"), "'wider' and 'last' are the same run"),
    ],
)
def test_words_that_name_no_two_runs_are_one_sentence(runs, words, message):
    result = kedro(runs.project, "compare", *words)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def copied(runs: Runs, project: Path, name: str, **changed: object):
    """A run of the project in another one, without its snapshot's tables."""
    given = find_run(runs.records, name)
    record = dataclasses.replace(given, **changed)
    record.write(project)
    index = (given.folder(runs.project) / SNAPSHOT).read_text()
    (record.folder(project) / SNAPSHOT).write_text(index)
    return record, record.folder(project) / SNAPSHOT


def test_a_run_without_a_snapshot_says_why_it_cannot_be_compared(runs, tmp_path):
    record, index = copied(runs, tmp_path, "first")
    assert set(Snapshot.open(record, tmp_path).sources) == {"python_topics", "notes"}
    index.write_text(json.dumps(json.loads(index.read_text()) | {"layout": 99}))
    with pytest.raises(UserError, match="its snapshot has layout 99, and this version of Polymath reads layout 1;"):
        Snapshot.open(record, tmp_path)
    index.write_text("{")
    with pytest.raises(UserError, match=r"snapshot\.json is damaged;"):
        Snapshot.open(record, tmp_path)
    index.unlink()
    with pytest.raises(UserError, match=r"it left no snapshot \(only runs that end with the books do\)"):
        Snapshot.open(record, tmp_path)
    with pytest.raises(UserError, match="it is failed, and only runs that end"):
        Snapshot.open(dataclasses.replace(record, status="FAILED"), tmp_path)


def test_one_run_alone_cannot_be_compared(runs, tmp_path):
    copied(runs, tmp_path, "first")
    with pytest.raises(UserError, match="need two runs that ended with the books, and there is one; run again with another"):
        choose_runs(tmp_path, None, None)
