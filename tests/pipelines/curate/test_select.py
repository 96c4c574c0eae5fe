"""Select: where there is too much, variety first and the best of each kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polymath.pipelines.curate.concepts import ConceptConfig, embed_records, fit_concepts, fit_space, place_in_concepts
from polymath.pipelines.curate.select import CapConfig, _cap
from tests.pipelines.curate.made import ENGINE, all_kept, records_of, runner

KINDS = (
    "the cat sat on the mat with a ball",
    "stock market prices rose after the bank spoke",
    "boil the rice with salt and oil",
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=60), st.integers(1, 40))
def test_a_cap_keeps_small_concepts_whole_and_cuts_large_ones_to_one_level(rows, cap):
    concept, score = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    out, _ = _cap(concept, score, cap)
    stays = np.setdiff1d(np.arange(len(rows)), out)
    assert len(stays) == min(cap, len(rows))
    sizes, left = np.bincount(concept, minlength=5), np.bincount(concept[stays], minlength=5)
    cut = left < sizes
    if cut.any():
        assert left.max() - left[cut].min() <= 1, "a concept was cut although a larger one was left"
    for number in range(5):
        lost = [score[row] for row in out if concept[row] == number]
        kept = [score[row] for row in stays if concept[row] == number]
        assert not lost or not kept or max(lost) <= min(kept), "a better record left before a worse one"


def test_an_unknown_ranking_is_named_with_the_nearest():
    with pytest.raises(ValidationError, match="'closenes' is not a ranking; did you mean 'closeness'"):
        CapConfig(ranking="closenes")


@pytest.fixture
def placed(tmp_path):
    rows = [{"text": f"{KINDS[n % 3]} number {n}"} for n in range(240)]
    records = records_of(tmp_path / "records", {"s": rows}, "text")
    run, kept = runner(tmp_path), all_kept(tmp_path / "kept", records)
    config = ConceptConfig(embedding={"dimensions": 8, "sample": 120}, clusters={"per_task": 3, "min_records": 10})
    space = run("space", fit_space(records, kept, config, ENGINE))
    concepts = run("concepts", fit_concepts(records, kept, space, config, ENGINE))
    vectors = run("vectors", embed_records(records, space, config, ENGINE), "arrow")
    return concepts, run("placed", place_in_concepts(vectors, kept, concepts, ENGINE))


def test_records_about_the_same_thing_fall_into_one_concept(placed):
    _concepts, places = placed
    found = places.read()["concept"].to_numpy().reshape(-1, 3)
    assert (found == found[0]).all()
    assert len(set(found[0])) == 3


def test_concepts_are_named_by_their_telling_words(placed):
    names = " ".join(placed[0].read()["name"].to_pylist())
    assert any(word in names for word in ("cat", "mat", "ball"))
    assert any(word in names for word in ("stock", "bank", "market"))
