"""The page of a reward model: what it says of held-out pairs, and what it warns of."""

import json
import math

import pytest

from polymath.evaluation.intervals import wilson
from polymath.reporting.reward.sections import notices_of, sections_of
from polymath.reporting.reward.view import BOTTOM, LEFT, RIGHT, TOP, by_length, by_pairs, by_source, by_sureness
from polymath.training.judged import Judged
from polymath.training.objectives import Pairwise
from polymath.training.trained import Trained
from tests.training.mixes import BATCH, job, make_mix


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A run that is ready, for its run.json alone."""
    return job(
        make_mix(tmp_path_factory.mktemp("mix"), pair=True, planted=True), tmp_path_factory.mktemp("run"), objective=Pairwise()
    )


@pytest.fixture
def told(ready, tmp_path):
    """A run's folder with the given judgements of each step: (source, margin, tokens of the better, of the worse)."""

    def write(judgements):
        steps = sorted(judgements)
        for step, rows in judgements.items():
            Judged.of([(f"{row[0]}/{n}", row[0], row[1], 0.0, *row[2:]) for n, row in enumerate(rows)]).write(tmp_path, step)
        (tmp_path / "log.jsonl").write_text(
            "".join(json.dumps({"step": step, "validation": {"all": 0.1}}) + "\n" for step in steps)
        )
        (tmp_path / "result.json").write_text(json.dumps({"step": steps[-1]}))
        (tmp_path / "run.json").write_text(ready.model_dump_json())
        return Trained(tmp_path)

    return write


def rows(right, wrong, source="a", better=5, worse=9):
    return [(source, 2.0, better, worse)] * right + [(source, -2.0, better, worse)] * wrong


def test_each_source_has_its_accuracy_and_what_it_may_be(told):
    judged = Judged.read(told({4: rows(9, 1) + rows(3, 1, "b")}).folder, 4)
    every, first, second = by_source(judged)
    assert (every.name, every.share.items, every.share.mean) == ("all", 14, 12 / 14)
    assert (first.share.mean, second.share.mean, first.margin) == (0.9, 0.75, pytest.approx(1.6))
    assert (first.share.low, first.share.high) == pytest.approx(wilson(9, 10))


def test_accuracy_is_drawn_against_the_pairs_that_were_learnt_from(told):
    drawing = by_pairs(told({0: rows(5, 5), 4: rows(8, 2), 8: rows(10, 0)}))
    assert [spot.told for spot in drawing.spots] == ["0 pairs", f"{4 * BATCH} pairs", f"{8 * BATCH} pairs"]
    assert [spot.x for spot in drawing.spots] == [LEFT, (LEFT + RIGHT) / 2, RIGHT]
    assert [spot.y for spot in drawing.spots] == [
        (TOP + BOTTOM) / 2,
        pytest.approx(BOTTOM - 0.8 * (BOTTOM - TOP), abs=0.1),
        TOP,
    ]
    assert drawing.path.count("L") == 2
    assert drawing.band.endswith("Z")


def test_reliability_stands_where_the_model_says_it_is_sure(told):
    judged = Judged.read(told({4: rows(9, 1)}).folder, 4)
    (spot,) = by_sureness(judged).spots
    sure = 1 / (1 + math.exp(-2))
    assert spot.told == f"{sure:.0%} sure"
    assert spot.x == pytest.approx(LEFT + (sure - 0.5) * 2 * (RIGHT - LEFT), abs=0.1)


def test_lengths_are_told_apart(told):
    given = rows(1, 3) + rows(4, 0, better=9, worse=5) + rows(1, 0, better=5, worse=5)
    found = {row.name: row.share.mean for row in by_length(Judged.read(told({4: given}).folder, 4))}
    assert found == {"the shorter one": 0.25, "the longer one": 1.0, "as long": 1.0}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (rows(6, 4), ["It may be guessing: it is right on 60%", "Only 10 pairs were held out"]),
        (rows(60, 60), ["It may be guessing", "Its sureness is 38% off"]),
        (rows(30, 20) + rows(99, 1, better=9, worse=5), ["It leans towards longer replies"]),
        (rows(88, 12) + rows(88, 12, better=9, worse=5), []),
    ],
)
def test_what_needs_a_look_is_said(told, given, words):
    found = notices_of(told({4: given}))
    assert len(found) == len(words)
    assert all(notice.startswith(word) for notice, word in zip(found, words, strict=True))


def test_without_held_out_pairs_there_is_nothing_to_show(told):
    trained = told({4: []})
    assert sections_of(trained) == []
    assert "No pair was held out" in notices_of(trained)[0]
