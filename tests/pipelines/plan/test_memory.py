"""Memory: what the plan says of the nearest shape."""

from polymath.planning.shapes import Shapes
from tests.pipelines.plan.made import made

LARGE = {"flop": 3e24}


def needs_of(folder):
    return folder["memory_needs"].read().to_pylist()


def test_every_way_to_train_the_nearest_shape_is_there_and_at_most_one_of_each_is_the_least(tmp_path):
    rows = needs_of(made(tmp_path))
    assert len(rows) == 2 * 2 * 7
    for training in ("full", "lora"):
        for checkpointing in (True, False):
            mine = [row for row in rows if (row["training"], row["checkpointing"]) == (training, checkpointing)]
            first = next(row for row in mine if row["fits"])
            assert [row for row in mine if row["least"]] == [first]


def test_a_model_too_large_for_the_machine_fits_by_no_stage(tmp_path):
    folders = made(tmp_path, budget=LARGE, hardware={"kind": "l4", "count": 1})
    assert not any(row["fits"] for row in needs_of(folders) if row["training"] == "full" and row["offload"] == "none")
    [near] = [row for row in folders["training_plan"].read().to_pylist() if row["nearest"]]
    assert (near["zero"], near["offload"]) in ((None, None), (3, "all"))


def test_longer_sequences_need_more_for_activations_alone(tmp_path):
    short, long = (needs_of(made(tmp_path / str(n), memory={"sequence_tokens": n})) for n in (1024, 4096))
    for one, other in zip(short, long, strict=True):
        assert other["activations"] == 4 * one["activations"]
        assert other["optimizer"] == one["optimizer"]


def test_without_a_shape_there_is_nothing_to_reckon_with(tmp_path):
    assert needs_of(made(tmp_path, models=Shapes.model_validate({}))) == []
