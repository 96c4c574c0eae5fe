import numpy as np
import pytest

from polymath.reporting.card.frontier import HEIGHT, WIDTH, draw_frontier, traded
from polymath.reporting.card.likeness import compare, css, ordered, paths
from polymath.reporting.card.mix import Subject


def point(kind: str, risk: float, gain: float) -> dict:
    return {"track": "sft", "kind": kind, "risk": risk, "gain": gain, "aversion": None, "estimates": "assumed"}


CURVE = [point("frontier", 0.10, 0.80), point("frontier", 0.12, 0.88), point("frontier", 0.17, 0.92)]
SPOTS = [point("proportional", 0.19, 0.81), point("unimax", 0.16, 0.85), point("chosen", 0.16, 0.85)]


def stratum(task: str, tokens: int, drawn: int) -> dict:
    return {"track": "sft", "task": task, "tokens": tokens, "drawn": drawn}


def test_mixes_that_coincide_share_one_label_and_the_chosen_one_is_marked():
    drawn = draw_frontier([*CURVE, *SPOTS], "sft")
    assert drawn is not None
    assert [(spot.kind, spot.label) for spot in drawn.spots] == [("chosen", "chosen = UniMax"), ("proportional", "by size")]
    assert drawn.assumed
    assert not drawn.flat
    for spot in drawn.spots:
        assert 0 < spot.x < WIDTH
        assert 0 < spot.y < HEIGHT


def test_a_frontier_on_which_all_brings_the_same_is_told_to_be_flat():
    rows = [point("frontier", risk, 1.0 - tiny) for risk, tiny in ((0.1, 1e-9), (0.2, 0.0))] + [point("chosen", 0.15, 1.0)]
    drawn = draw_frontier(rows, "sft")
    assert drawn is not None
    assert drawn.flat
    heights = {float(place.split(",")[1]) for place in drawn.line[1:].split("L")}
    assert len(heights) == 1


def test_a_track_of_one_concept_has_no_frontier():
    assert draw_frontier(CURVE, "other") is None


def test_what_was_traded_names_the_task_that_gave_and_the_one_that_got_most():
    said = traded([stratum("instruct", 900, 300), stratum("chat", 100, 700)], SPOTS, "sft")
    assert "taken from instruct (90.0\u202f% of the tokens before, 30.0\u202f% after)" in said[0]
    assert "given to chat (10.0\u202f% before, 70.0\u202f% after)" in said[0]
    assert "4.9\u202f% higher" in said[1]
    assert "15.8\u202f% lower" in said[1]


def test_a_mix_by_size_says_that_nothing_was_moved():
    said = traded([stratum("instruct", 900, 900), stratum("chat", 100, 100)], [], "sft")
    assert said == ["Everything is drawn in proportion to its size."]


def test_like_stands_beside_like():
    matrix = np.array([[1, 0, 0.9, 0], [0, 1, 0, 0.8], [0.9, 0, 1, 0], [0, 0.8, 0, 1]], float)
    order = ordered(matrix)
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1


@pytest.mark.parametrize(("value", "name"), [(0.05, ""), (0.2, "p1"), (-0.2, "n1"), (0.9, "p4"), (-1.0, "n4")])
def test_cells_are_blue_or_orange_in_four_steps(value, name):
    assert css(value) == name


def test_cells_of_a_colour_are_one_path_without_the_diagonal():
    assert paths(np.array([[1, 0.9], [0.9, 1]])) == {"p4": "M1 0h1v1h-1zM0 1h1v1h-1z"}


def test_pairs_that_stand_out_are_told_the_closest_first():
    vectors = np.random.default_rng(0).normal(size=(5, 64))
    vectors[1] = vectors[0] + 0.2 * vectors[1]
    concepts = [{"concept": number, "centroid": vector} for number, vector in enumerate(vectors.tolist())]
    subjects = [Subject(number, "chat", f"s{number}", 10, 10, 1.0, 0.2) for number in range(5)]
    found = compare(subjects, concepts, 5)
    assert found is not None
    assert {found.alike[0].one.name, found.alike[0].other.name} == {"s0", "s1"}
    assert compare(subjects[:2], concepts, 5) is None
