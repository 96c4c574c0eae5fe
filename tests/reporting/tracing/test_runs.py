"""A training run is found by what people call it, and says which records it saw."""

import os
from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog

from polymath.datasets import ModelDataset
from polymath.errors import UserError
from polymath.project import Project
from polymath.reporting.trace import Chapter, _sequences
from polymath.reporting.tracing.batches import batch_of
from polymath.reporting.tracing.runs import find_training, last_step, tell_training, training_runs
from polymath.tracking.record import RunRecord
from polymath.training.trained import point_to
from tests.reporting.tracing.conftest import LAST

ONE, OTHER = "0123456789abcdef", "0123ffffffffffff"


def record(id: str, name: str, **tags: str) -> RunRecord:
    return RunRecord(id, name, 0.0, "finetune", "kedro run", "local", tags=tags)


RECORDS = [
    record("20260101-090000-aaaa", "strict on squad"),
    record("20260101-100000-bbbb", "finetune: small", trained=ONE[:12]),
    record("20260102-090000-cccc", "finetune: other", trained=OTHER[:12]),
]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (ONE[:12], ONE),
        ("01234", ONE),
        ("0123ff", OTHER),
        (ONE, ONE),
        ("finetune: small", ONE),
        ("20260102", OTHER),
        ("bbbb", ONE),
        ("previous", ONE),
    ],
)
def test_a_run_is_found_by_its_key_or_by_the_run_of_kedro_that_trained_it(leave, word, expected):
    assert find_training([leave(ONE), leave(OTHER)], RECORDS, word).job.run.key == expected


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("0123", r"'0123' stands for 2 runs: 0123456789ab, 0123ffffffff"),
        ("strict on squad", r"'strict on squad' is not a training run; Known: 0123456789ab, 0123ffffffff, finetune: other"),
    ],
)
def test_a_word_for_no_run_or_for_two_is_an_error_with_the_known_ones(leave, word, told):
    with pytest.raises(UserError, match=told):
        find_training([leave(ONE), leave(OTHER)], RECORDS, word)


def test_runs_that_go_on_are_listed_and_folders_that_are_none_are_not(leave):
    runs = [leave(ONE), leave(OTHER, ended=False)]
    folder = runs[0].folder.parent
    (folder / "damaged").mkdir()
    (folder / "damaged" / "run.json").write_text('{"run": ')
    (folder / "current.json").write_text("{}")
    assert training_runs([folder]) == runs
    assert [last_step(run) for run in runs] == [LAST, LAST]


def test_the_last_run_is_the_one_that_ended_last_else_the_one_that_was_begun_last(leave, tmp_path):
    catalog = DataCatalog({"finetuned": ModelDataset(str(tmp_path / "finetune"))})
    project = Project(SimpleNamespace(project_path=tmp_path, catalog=catalog))
    with pytest.raises(UserError, match=r"^no model was trained here yet; run: kedro run --pipeline=finetune$"):
        project.training("last")
    one, other = leave(ONE), leave(OTHER, ended=False)
    os.utime(other.folder / "run.json", (2e9, 2e9))
    assert project.training("last") == other
    one.model.mkdir()
    (one.model / "config.json").write_text("{}")
    point_to(tmp_path / "finetune", ONE)
    assert project.training("last") == one
    assert project.training("0123ff") == other


@pytest.mark.parametrize("taken", [{}, {"sft": 2}])
def test_a_record_was_seen_in_exactly_those_steps_whose_batches_hold_it(leave, load, taken):
    run = leave(taken=taken)
    batches = {step: {name for slot in batch_of(load, run, step) for name in slot.examples} for step in range(1, LAST + 1)}
    some = {name for names in batches.values() for name in names}
    assert len(some) > 10
    for shard, table in enumerate(load("tokens").tables(["id"])):
        for row, name in enumerate(table["id"].to_pylist()):
            seen = [step for step, names in batches.items() if name in names]
            told = tell_training(load, [run], list(_sequences(load, shard, row)))
            assert seen == (told[0].facts["steps"] if told else [])


def test_a_run_tells_what_it_saw_and_what_it_did_not_come_to(leave, load):
    def told(run, **facts):
        return [chapter.told for chapter in tell_training(load, [run], [Chapter("pack", "", facts)])]

    run = leave()
    assert told(run, track="sft", steps=[4, 0, 7]) == ["small-sft 0123456789ab saw it in steps 1 and 5 (of 5)"]
    assert told(run, track="sft", steps=[5]) == ["small-sft 0123456789ab did not come to it (of 5)"]
    assert told(run, track="preference", steps=[1]) == []
    assert told(run, track="sft", left_out="longer_than_sequence") == []


def test_a_run_over_another_mix_tells_nothing(leave, load, planned):
    old = planned.run.mix.model_copy(update={"digests": {**planned.run.mix.digests, "tokens": "0" * 32}})
    assert tell_training(load, [leave(mix=old)], [Chapter("pack", "", {"track": "sft", "steps": [0]})]) == []
