import itertools
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polymath.text import jaccard as module
from polymath.text.buffers import as_strings
from polymath.text.jaccard import first_kept, jaccard, pairs_jaccard
from polymath.text.shingles import ShingleParams, shingle_sets

from .text_samples import quick

Sets = list[set[int]]
sets = st.lists(st.sets(st.integers(0, 14), max_size=12), max_size=40)
thresholds = st.sampled_from([1e-9, 0.2, 0.25, 1 / 3, 0.5, 0.6, 2 / 3, 0.75, 0.8, 0.9, 1.0]) | st.floats(0.01, 1)


def packed(documents: Sets) -> tuple[np.ndarray, np.ndarray]:
    hashes = [hash_ for document in documents for hash_ in sorted(document)]
    return np.array(hashes, np.uint64), np.cumsum([0, *map(len, documents)])


def similarity_of(a: set[int], b: set[int]) -> float:
    return len(a & b) / max(1, len(a | b))


def kept_slowly(documents: Sets, threshold: float) -> tuple[list[int], list[float]]:
    keepers, similarities = [], []
    for i, document in enumerate(documents):
        kept = [(similarity_of(document, documents[j]), -j) for j in range(i) if keepers[j] < 0]
        best = max((pair for pair in kept if pair[0] >= threshold), default=(0.0, 1))
        keepers.append(-best[1])
        similarities.append(best[0])
    return keepers, similarities


@pytest.fixture(params=["compared", "indexed"])
def way(request, monkeypatch) -> str:
    """Small groups are compared pair by pair, large ones through the index; tests see both."""
    monkeypatch.setattr(module, "_FEW_DOCUMENTS", 10**9 if request.param == "compared" else 0)
    return request.param


@quick
@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_similarity_is_intersection_over_union(a, b):
    hashes, offsets = packed([a, b])
    assert jaccard(hashes[: offsets[1]], hashes[offsets[1] :]) == similarity_of(a, b)


@quick
@given(sets.filter(bool), st.data())
def test_pairs_are_compared_one_by_one(documents, data):
    index = st.integers(0, len(documents) - 1)
    pairs = data.draw(st.lists(st.tuples(index, index)))
    left, right = (np.array(side, np.int64) for side in zip(*pairs, strict=True)) if pairs else (np.array([], int),) * 2
    expected = [similarity_of(documents[i], documents[j]) for i, j in pairs]
    assert pairs_jaccard(*packed(documents), left, right).tolist() == expected


@pytest.mark.parametrize("few", [0, 10**9])
def test_documents_are_kept_as_slow_comparison_keeps_them(few, monkeypatch):
    monkeypatch.setattr(module, "_FEW_DOCUMENTS", few)

    @quick
    @given(sets, thresholds)
    def check(documents, threshold):
        keeper, similarity = first_kept(*packed(documents), threshold)
        assert (keeper.tolist(), similarity.tolist()) == kept_slowly(documents, threshold)

    check()


@pytest.mark.parametrize("scan_at", [0, 10**9])
def test_near_copies_are_kept_as_slow_comparison_keeps_them(scan_at, monkeypatch):
    # At 0 all kept documents are looked at, at 10**9 the index always answers.
    monkeypatch.setattr(module, "_SCAN_AT_WORK", scan_at)
    rng = np.random.default_rng(0)
    for threshold in (0.5, 0.7, 0.8):
        base = set(rng.integers(0, 10**6, 60).tolist())
        edits = [set(rng.choice(sorted(base), 12, replace=False).tolist()[: rng.integers(0, 12)]) for _ in range(80)]
        documents = [(base - edit) | set(rng.integers(0, 10**6, len(edit)).tolist()) for edit in edits]
        keeper, similarity = first_kept(*packed(documents), threshold)
        assert (keeper.tolist(), similarity.tolist()) == kept_slowly(documents, threshold)


def test_a_document_that_resembles_only_a_removed_one_is_kept(way):
    first, second, third = set(range(0, 100)), set(range(10, 110)), set(range(20, 120))
    keeper, similarity = first_kept(*packed([first, second, third]), 0.8)
    assert keeper.tolist() == [-1, 0, -1]
    assert similarity.tolist() == [0, 90 / 110, 0]


def test_the_most_similar_kept_document_is_the_keeper_and_the_earliest_on_a_tie(way):
    near, nearer = set(range(20)), set(range(12, 32))
    document = set(range(8, 28))
    keeper, _ = first_kept(*packed([near, nearer, {99}, document, document | {28}]), 0.3)
    assert keeper.tolist() == [-1, -1, -1, 1, 1]
    assert first_kept(*packed([{1, 2, 3}, {2, 3, 4}, {2, 3}]), 0.6)[0].tolist() == [-1, -1, 0]


@quick
@given(st.lists(sets, max_size=5), thresholds, st.sampled_from([0, 4, 10**9]))
def test_documents_of_different_groups_are_not_compared(groups, threshold, few):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW_DOCUMENTS", few)
        bounds = np.cumsum([0, *map(len, groups)])
        keeper, similarity = first_kept(*packed([one for group in groups for one in group]), threshold, bounds)
    for group, first, last in zip(groups, bounds[:-1], bounds[1:], strict=True):
        keepers, similarities = kept_slowly(group, threshold)
        assert keeper[first:last].tolist() == [first + each if each >= 0 else -1 for each in keepers]
        assert similarity[first:last].tolist() == similarities


def test_empty_sets_match_nothing(way):
    assert first_kept(*packed([set(), set(), {1}, set()]), 0.5)[0].tolist() == [-1, -1, -1, -1]
    assert jaccard(np.array([], np.uint64), np.array([], np.uint64)) == 0


def test_no_documents_are_no_decisions(way):
    assert [len(column) for column in first_kept(*packed([]), 0.5)] == [0, 0]


@pytest.mark.parametrize("threshold", [0, -0.5, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold):
    with pytest.raises(ValueError, match="Jaccard threshold"):
        first_kept(*packed([{1}, {1}]), threshold)


def test_offsets_need_not_begin_at_zero(way):
    hashes, offsets = packed([{7, 8}, {1, 2}, {1, 2}])
    assert first_kept(hashes, offsets[1:], 0.5)[0].tolist() == [-1, 0]


@pytest.mark.parametrize("own", [0.09, 0.18, 0.25])
def test_ten_thousand_documents_with_the_same_boilerplate_take_seconds(own):
    # Pairs are similar to 0.83, 0.69 and 0.6: none, or nearly none, repeats another at 0.85.
    size, fresh = 120, itertools.count(1_000_000)
    boilerplate = list(range(round(size * (1 - own))))
    documents = [{*boilerplate, *itertools.islice(fresh, size - len(boilerplate))} for _ in range(10_000)]
    started = time.process_time()
    keeper, _ = first_kept(*packed(documents), 0.85)
    assert (keeper < 0).all()
    assert time.process_time() - started < 20


def test_ten_thousand_near_copies_take_seconds():
    documents = [set(range(120)) - {i % 120} for i in range(10_000)]
    started = time.process_time()
    assert (first_kept(*packed(documents), 0.8)[0] < 0).sum() == 1
    assert time.process_time() - started < 20


def test_similarities_of_real_documents_are_the_known_ones(shared_bench):
    strings = as_strings(pq.read_table(shared_bench / "data" / "corpus_small.parquet", columns=["text"])["text"])
    truth = pq.read_table(shared_bench / "data" / "truth_small.parquet").slice(0, 500)
    left, right, known = (truth[name].to_numpy() for name in ("i", "j", "jac"))
    rows = np.unique([left, right])
    sets = shingle_sets(strings, rows, ShingleParams(short_text_words=0))
    found = pairs_jaccard(*sets, np.searchsorted(rows, left), np.searchsorted(rows, right))
    # The truth cuts words at combining marks and takes all texts for spaced, so a few pairs differ.
    assert np.isclose(found, known, atol=1e-6).mean() > 0.97
