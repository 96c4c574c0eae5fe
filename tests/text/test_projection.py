import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from polymath.text.projection import document_frequency, hashed_counts, inverse_frequency, project

from .test_shingles import is_unspaced
from .text_samples import any_texts, chars_of, quick, repetitive_texts, strings_of, unspaced_texts, words_of

BUCKETS = 1 << 16


def counted(text: str, most: int) -> Counter:
    """What a bag of words holds: the first words, or pairs of characters."""
    if not is_unspaced(text):
        return Counter(words_of(text)[:most])
    chars = chars_of(text)
    return Counter([chars[i : i + 2] for i in range(max(1, len(chars) - 1))][:most])


def vectors_of(texts: list[str], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    components, idf = rng.normal(size=(64, 8)).astype(np.float32), rng.random(64, np.float32)
    return project(*hashed_counts(strings_of(texts), 64, 100), idf, components)


@quick
@given(st.lists(st.one_of(any_texts, repetitive_texts, unspaced_texts), max_size=4), st.sampled_from([1, 2, 5, 1000]))
def test_words_are_counted_in_buckets(texts, most):
    indptr, indices, data = hashed_counts(strings_of(texts), BUCKETS, most)
    for row, text in enumerate(texts):
        inside = slice(indptr[row], indptr[row + 1])
        expected = sorted(np.float32(1 + math.log(count)) for count in counted(text, most).values())
        assert sorted(data[inside]) == expected
        assert (np.diff(indices[inside]) > 0).all()
    assert csr_matrix((data, indices, indptr), shape=(len(texts), BUCKETS)).shape == (len(texts), BUCKETS)


def test_the_same_word_falls_into_the_same_bucket_whatever_its_case():
    _, indices, _ = hashed_counts(strings_of(["Word", "word!"]), BUCKETS, 10)
    assert indices[0] == indices[1]


def test_only_the_first_words_count():
    indptr, _, data = hashed_counts(strings_of(["a a b c d", "a a b"]), BUCKETS, 3)
    assert indptr.tolist() == [0, 2, 4]
    assert data[:2].tolist() == data[2:].tolist()


def test_buckets_must_be_a_power_of_two():
    with pytest.raises(AssertionError, match="power of two"):
        hashed_counts(strings_of(["a"]), 100, 10)


def test_document_frequencies_count_rows_and_weigh_as_scikit_learn_does():
    _, indices, _ = hashed_counts(strings_of(["a a b", "a", ""]), 8, 10)
    frequency = document_frequency(indices, 8)
    assert sorted(frequency[frequency > 0].tolist()) in ([1, 2], [3])
    assert inverse_frequency(np.array([2, 0]), 3).tolist() == pytest.approx([math.log(4 / 3) + 1, math.log(4) + 1])


def test_projection_is_the_normalised_sparse_product():
    texts = ["the cat sat on the mat", "a dog", "ก ข ค", "the the the"]
    indptr, indices, data = hashed_counts(strings_of(texts), 64, 100)
    rng = np.random.default_rng(0)
    components, idf = rng.normal(size=(64, 8)).astype(np.float32), rng.random(64, np.float32)
    product = csr_matrix((data * idf[indices], indices, indptr), shape=(4, 64)) @ components
    expected = product / np.linalg.norm(product, axis=1, keepdims=True)
    assert project(indptr, indices, data, idf, components) == pytest.approx(expected, abs=1e-6)


@quick
@given(st.lists(repetitive_texts, min_size=1, max_size=6))
def test_a_row_gives_the_same_bits_whichever_rows_stand_beside_it(texts):
    together = vectors_of(texts)
    assert all(np.array_equal(vectors_of([text])[0], row) for text, row in zip(texts, together, strict=True))


def test_an_empty_row_is_projected_to_nothing():
    vectors = vectors_of(["", "word"])
    assert vectors[0].tolist() == [0] * 8
    assert np.linalg.norm(vectors[1]) == pytest.approx(1, abs=1e-6)
