"""Select: where there is too much, variety first and the best of each kind."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from polymath.pipelines.curate.concepts import ConceptConfig, embed_records, fit_concepts, fit_space, place_in_concepts
from polymath.pipelines.curate.select import CapConfig, SelectConfig, _cap, find_over_caps, select_records
from tests.pipelines.curate.made import ENGINE, all_kept, folder_of, records_of, runner

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


@pytest.fixture
def selected(tmp_path):
    """The rows of two sources that stay: `a` has six records of concept 0 and two of concept 1, `b` three of concept 0."""

    def stay(**caps):
        records = records_of(tmp_path / "records", {"a": [{"prompt": str(n)} for n in range(8)], "b": [{}] * 3})
        decisions = all_kept(tmp_path / "kept", records, without=["a/0"])
        columns = {
            "a": {"concept": [0] * 6 + [1] * 2, "closeness": [0.1 * n for n in range(8)], "words": [8, 7, 6, 5, 4, 3, 2, 1]},
            "b": {"concept": [0] * 3, "closeness": [0.95, 0.05, 0.5], "words": [1, 9, 5]},
        }
        measured = {f"{name}-00000": pa.table({**each, "text_hash": each["words"]}) for name, each in columns.items()}
        folder = folder_of(tmp_path / "measured", measured)
        save, config = runner(tmp_path), SelectConfig(**caps)
        over = save("over", find_over_caps(records, decisions, folder, folder, folder, config, ENGINE))
        table = save("selected", select_records(records, decisions, over, ENGINE))
        names = [f"{shard.name[0]}/{row}" for shard in records.shards for row in range(shard.rows)]
        decided = zip(names, table.read().to_pylist(), strict=True)
        return {name: row["reason"] or "kept" for name, row in decided if name != "a/0"}

    return stay


def of(decided, wanted):
    return {name for name, reason in decided.items() if reason == wanted}


def test_without_a_cap_everything_stays(selected):
    assert set(selected().values()) == {"kept"}


def test_a_source_over_its_cap_keeps_its_small_concept_and_the_best_of_the_large_one(selected):
    decided = selected(max_per_source={"a": 4})
    assert of(decided, "over_source_cap") == {"a/1", "a/2", "a/3"}
    assert of(selected(max_per_source={"default": 2}), "over_source_cap") == {"a/1", "a/2", "a/3", "a/4", "a/6", "b/1"}


def test_a_concept_over_its_cap_is_cut_over_all_sources(selected):
    decided = selected(max_per_concept=3)
    assert of(decided, "over_concept_cap") == {"a/1", "a/2", "a/3", "a/4", "b/1"}
    assert {"a/6", "a/7"} <= of(decided, "kept")


@pytest.mark.parametrize(
    ("ranking", "stays"),
    [
        ("closeness", {"a/5", "b/0"}),
        ("novelty", {"a/1", "b/1"}),
        ("length", {"a/1", "b/1"}),
        ("policy", {"a/1", "a/2"}),
    ],
)
def test_the_ranking_says_who_is_the_best(selected, ranking, stays):
    decided = selected(max_per_concept=2, ranking=ranking)
    assert of(decided, "kept") - {"a/6", "a/7"} == stays
