"""What the rewards of held-out pairs say of a model, against plain computations."""

import math

import numpy as np
import pytest

from polymath.training.judged import Judged


def judged(*rows):
    """Rows: source, reward of the better reply and of the worse one, tokens of both."""
    return Judged.of([(f"{row[0]}/{number}#pair", *row) for number, row in enumerate(rows)])


def test_a_tie_is_no_preference():
    found = judged(("a", 1.0, 0.0, 5, 5), ("a", 0.0, 0.0, 5, 5), ("b", 0.0, 2.0, 5, 5))
    assert found.right.tolist() == [1.0, 0.0, 0.0]
    assert found.measures()["accuracy"] == pytest.approx(1 / 3)
    assert (found.measures()["accuracy a"], found.measures()["accuracy b"]) == (0.5, 0.0)


def test_a_model_that_says_how_often_it_is_right_is_calibrated():
    rng = np.random.default_rng(0)
    margins = rng.uniform(0, 4, 20_000)
    signs = np.where(rng.random(20_000) < 1 / (1 + np.exp(-margins)), 1, -1)
    honest = judged(*(("a", float(margin * sign), 0.0, 1, 2) for margin, sign in zip(margins, signs, strict=True)))
    assert honest.calibration_error() < 0.015
    boastful = judged(*(("a", 3.0 * (1 if n % 2 else -1), 0.0, 1, 2) for n in range(100)))
    assert boastful.calibration_error() == pytest.approx(1 / (1 + math.exp(-3)) - 0.5)


def test_a_model_that_likes_long_replies_is_found_out():
    rows = [("a", float(better), float(worse), better, worse) for better, worse in ((9, 4), (3, 8), (7, 2), (5, 5))]
    measures = judged(*rows).measures()
    assert (measures["accuracy_longer"], measures["accuracy_shorter"]) == (1.0, 0.0)
    assert measures["length_correlation"] == pytest.approx(1.0)


def test_what_the_pairs_say_nothing_of_is_left_out():
    measures = judged(("a", 0.0, 0.0, 5, 5)).measures()
    assert "accuracy_shorter" not in measures
    assert "length_correlation" not in measures
    assert judged().measures() == {}


def test_written_and_read_it_is_the_same(tmp_path):
    found = judged(("a", 1.5, -0.25, 5, 7), ("b", 0.1, 0.2, 3, 4))
    found.write(tmp_path, 8)
    again = Judged.read(tmp_path, 8)
    assert again is not None
    assert (again.names, again.sources) == (found.names, found.sources)
    assert again.margins.tolist() == found.margins.tolist()
    assert again.worse_tokens.tolist() == [7, 4]
    assert Judged.read(tmp_path, 9) is None
