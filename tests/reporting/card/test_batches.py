from pathlib import Path

import pyarrow as pa

from polymath.pipelines.curate.pack import SCHEDULE, SEQUENCE
from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card.batches import draw_batches, without_a_batch
from polymath.reporting.card.head import packed
from tests.pipelines.curate.made import folder_of

TRACKS = {"sft": TrackConfig(batch_sequences=4, sequence_tokens=100), "idle": TrackConfig()}


def sequences_of(path: Path, tasks: list[str]):
    rows = [{"split": "train", "task": task, "concept": 0, "tokens": 80, "pieces": []} for task in tasks]
    tables = {"sft": pa.Table.from_pylist(rows, schema=SEQUENCE), "idle": SEQUENCE.empty_table()}
    return folder_of(path / "sequences", tables)


def schedule_of(path: Path, drawn: list[int]):
    steps = len(drawn) // 4
    rows = [{"step": n // 4, "slot": n % 4, "sequence": sequence, "epoch": 0} for n, sequence in enumerate(drawn)]
    notes = {"sft": {"steps": steps, "batch": 4, "task_deviation": 0.5}, "idle": {"steps": 0, "batch": 32}}
    tables = {"sft": pa.Table.from_pylist(rows, schema=SCHEDULE), "idle": SCHEDULE.empty_table()}
    return folder_of(path / "schedule", tables, notes)


def test_each_shown_batch_is_counted_by_task(tmp_path):
    sequences = sequences_of(tmp_path, ["chat", "instruct", "instruct"])
    (drawn,) = draw_batches(sequences, schedule_of(tmp_path, [0, 1, 2, 1, 0, 0, 1, 2]), TRACKS, 100)
    assert drawn.tasks == ["instruct", "chat"]
    assert drawn.counts == [[3, 2], [1, 2]]
    assert drawn.quotas == [2.5, 1.5]
    assert drawn.shown == [0, 1]
    assert drawn.promises["task_deviation"] == 0.5


def test_a_long_schedule_is_shown_from_its_first_to_its_last_batch(tmp_path):
    sequences = sequences_of(tmp_path, ["chat"])
    (drawn,) = draw_batches(sequences, schedule_of(tmp_path, [0] * 4 * 500), TRACKS, 50)
    assert drawn.steps == 500
    assert len(drawn.shown) == 50
    assert (drawn.shown[0], drawn.shown[-1]) == (0, 499)
    assert all(count == 4 for count in drawn.counts[0])


def test_tracks_without_a_batch_are_named(tmp_path):
    assert without_a_batch(schedule_of(tmp_path, [0, 0, 0, 0])) == ["idle"]


def test_how_full_sequences_are(tmp_path):
    sft, idle = packed(sequences_of(tmp_path, ["chat", "chat"]), TRACKS)
    assert (sft.sequences, sft.tokens, sft.room, sft.left_out) == (2, 160, 200, 0)
    assert (idle.sequences, idle.tokens, idle.room) == (0, 0, 0)
