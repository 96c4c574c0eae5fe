import numpy as np
import pyarrow as pa
import pytest

from polymath.pipelines.curate.tracks import TrackConfig
from polymath.reporting.card import lengths, mix

COUNTS = pa.Table.from_pylist(
    [
        {"source": "a", "tier": "high", "task": "instruct", "concept": 0, "language": "en", "split": "train", "tokens": 600},
        {"source": "a", "tier": "high", "task": "instruct", "concept": 0, "language": "th", "split": "train", "tokens": 200},
        {"source": "b", "tier": "low", "task": "chat", "concept": 1, "language": "en", "split": "train", "tokens": 100},
        {"source": "b", "tier": "low", "task": "chat", "concept": 1, "language": "en", "split": "test", "tokens": 999},
        {"source": "c", "tier": "low", "task": "text", "concept": 2, "language": "en", "split": "train", "tokens": 500},
    ]
)
WEIGHTS = [
    {"track": "sft", "part": "", "task": "instruct", "concept": 0, "tokens": 800, "drawn": 400, "epochs": 0.5, "weight": 0.5},
    {"track": "sft", "part": "", "task": "chat", "concept": 1, "tokens": 100, "drawn": 400, "epochs": 4.0, "weight": 0.5},
    {"track": "idle", "part": "", "task": "text", "concept": 2, "tokens": 0, "drawn": 0, "epochs": 0.0, "weight": 0.0},
]
SFT = TrackConfig(tasks=("instruct", "chat"))


def composed(key: str) -> dict[str, tuple[float, float]]:
    return {one.name: (one.tokens, one.drawn) for one in mix.composition(COUNTS, WEIGHTS, "sft", SFT, key)}


def test_tasks_stand_before_and_after_mixing_in_their_known_order():
    assert composed("task") == {"instruct": (800, 400), "chat": (100, 400)}
    assert list(composed("task")) == ["instruct", "chat"]


def test_languages_and_tiers_follow_the_epochs_of_their_concepts():
    assert composed("language") == {"en": (700, 700), "th": (200, 100)}
    assert composed("tier") == {"high": (800, 400), "low": (100, 400)}
    assert composed("source") == {"a": (800, 400), "b": (100, 400)}


def test_only_training_tokens_of_the_tracks_own_tasks_count():
    assert sum(tokens for tokens, _ in composed("source").values()) == 900


def test_epochs_are_what_is_drawn_of_what_there_is():
    slices = mix.composition(COUNTS, WEIGHTS, "sft", SFT, "source")
    assert [one.epochs for one in slices] == [0.5, 4.0]
    assert mix.Slice("none", 0, 0).epochs == 0


def test_small_slices_are_told_together():
    slices = [mix.Slice(str(number), 10 - number, 1) for number in range(10)]
    told = mix.largest(slices, 4)
    assert [one.name for one in told] == ["0", "1", "2", "7 others"]
    assert sum(one.tokens for one in told) == sum(one.tokens for one in slices)
    assert mix.largest(slices, 10) == slices


def test_concepts_have_their_names_and_tracks_that_draw_nothing_are_left_out():
    names = [{"concept": 0, "name": "how, to"}]
    assert [one.name for one in mix.subjects(WEIGHTS, names, "sft")] == ["how, to", "no subject"]
    assert mix.has_tracks(WEIGHTS) == ["sft"]


def test_lengths_share_one_axis_of_powers_of_two():
    found = lengths.measure_lengths({"chat": np.array([100, 120, 130]), "text": np.array([16, 5000])})
    assert (found.first, found.last) == (4, 13)
    assert [one.task for one in found.tasks] == ["text", "chat"]
    assert all(sum(one.shares) == pytest.approx(1, abs=1e-3) for one in found.tasks)
    assert found.tasks[1].median == 120
    assert [text for _, text in found.marks] == ["16", "64", "256", "1,024", "4,096"]


def test_lengths_beyond_the_axis_are_counted_at_its_ends():
    found = lengths.measure_lengths({"text": np.array([1, 2**20])})
    assert found.tasks[0].shares[0] == found.tasks[0].shares[-1] == 0.5


def test_no_examples_are_no_lengths():
    assert lengths.measure_lengths({}).tasks == []
