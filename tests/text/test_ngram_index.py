import pickle

import numpy as np
import pytest

from polymath.text import ngram_index
from polymath.text.ngram_index import MAX_ITEMS, NgramIndex, build_index
from polymath.text.ngrams import matches

from .text_samples import strings_of

N, SHORTEST = 3, 2


def test_items_are_long_short_or_left_out():
    index = build_index(strings_of(["a b c d", "x y", "lone", "", "กขคงกขคงกข"]), N, SHORTEST)
    assert index.item_words.tolist() == [4, 2, 1, 0, 10]
    assert np.diff(index.long_starts).tolist() == [2, 0, 0, 0, 2]
    assert np.diff(index.short_starts).tolist() == [0, 2, 0, 0, 0]


def test_an_index_survives_pickling_and_storage():
    items = ["a b c d e", "x y", "กขคงกขคงกขคง", ""]
    rows = strings_of(["a b c", "x y z", "กขคงกขคงกขคง"])
    index = build_index(strings_of(items), N, SHORTEST)
    expected = matches(index, rows)
    stored = {name: array.copy() for name, array in index.arrays().items()} | {"version": np.array(1)}
    for copy in (pickle.loads(pickle.dumps(index)), NgramIndex.from_arrays(stored)):
        assert all(np.array_equal(a, b) for a, b in zip(matches(copy, rows), expected, strict=True))
    assert expected.row.tolist() == [0, 1, 2]


def test_an_n_gram_leads_to_a_bounded_number_of_items_the_first_of_them():
    index = build_index(strings_of(["other one here", *["the same three words"] * (MAX_ITEMS + 9)]), N, SHORTEST)
    assert sorted(np.diff(index.leads).tolist()) == [1, MAX_ITEMS, MAX_ITEMS]
    assert sorted(set(index.lead_items.tolist())) == list(range(MAX_ITEMS + 1))


def test_short_items_longer_than_n_are_refused():
    with pytest.raises(AssertionError, match="cannot be shorter"):
        build_index(strings_of(["a"]), 3, 4)


def test_few_hashes_pass_the_filter_that_are_not_in_the_index():
    rng = np.random.default_rng(0)
    even, odd = (rng.integers(0, 2**63, 100_000).astype(np.uint64) * np.uint64(2) + np.uint64(bit) for bit in (0, 1))
    keys = np.sort(even)
    bits = ngram_index._bloom_filter(keys, keys[:0], ngram_index._filter_words(len(keys)))
    word = bits[(odd >> np.uint64(32)) & np.uint64(len(bits) - 1)]
    first, second = word >> (odd & np.uint64(63)), word >> ((odd >> np.uint64(6)) & np.uint64(63))
    assert (first & second & np.uint64(1)).mean() < 0.05
