"""Checkpoints: whole or not there, and kept by a policy."""

import pytest

from polymath.training.checkpoints import Log, checkpoint_steps, clear_unfinished, last_checkpoint, prune, publish
from polymath.training.config import CheckpointConfig


def make(folder, *steps):
    for step in steps:
        staged = folder / ".writing" / f"checkpoint-{step}"
        staged.mkdir(parents=True)
        (staged / "weights").write_text(str(step))
        publish(folder, step, {"ranks": 1})


def test_what_is_still_being_written_is_no_checkpoint(tmp_path):
    make(tmp_path, 4)
    (tmp_path / ".writing" / "checkpoint-8").mkdir(parents=True)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-4"
    clear_unfinished(tmp_path)
    assert checkpoint_steps(tmp_path) == [4]
    assert not (tmp_path / ".writing").exists()


@pytest.mark.parametrize(
    ("policy", "kept"),
    [({"keep_last": 2}, [4, 12, 16]), ({"keep_last": 1, "keep_best": False}, [16]), ({"keep_last": 9}, [4, 8, 12, 16])],
)
def test_the_last_ones_and_the_best_are_kept(tmp_path, policy, kept):
    make(tmp_path, 4, 8, 12, 16)
    prune(tmp_path, CheckpointConfig(**policy), {4: 1.0, 8: 2.0, 12: 1.5, 16: 1.2})
    assert checkpoint_steps(tmp_path) == kept


def test_a_line_that_was_cut_off_ends_the_log_and_what_came_after_a_step_is_forgotten(tmp_path):
    log = Log(tmp_path / "log.jsonl")
    for step in range(1, 5):
        log.add({"step": step, "loss": 1 / step})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 5, "lo')
    assert [line["step"] for line in log.read()] == [1, 2, 3, 4]
    log.rewind(2)
    assert [line["step"] for line in log.read()] == [1, 2]
