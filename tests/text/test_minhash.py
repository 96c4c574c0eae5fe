import numpy as np
import pyarrow.parquet as pq
import pytest
from datasketch import MinHash
from hypothesis import given
from hypothesis import strategies as st

from polymath.text.buffers import as_strings
from polymath.text.minhash import band_keys, optimal_bands, permutations, signatures, to_datasketch
from polymath.text.shingles import ShingleParams, shingle_counts, shingle_sets

from .text_samples import any_texts, quick, strings_of

PARAMS = ShingleParams()


def datasketch_of(hashes: np.ndarray, count: int, seed: int) -> MinHash:
    sketch = MinHash(num_perm=count, seed=seed, scheme="affine32", hashfunc=lambda shingle: int(shingle) % 2**32)
    sketch.update_batch(hashes.tolist())
    return sketch


@pytest.mark.parametrize(("count", "seed"), [(128, 1), (16, 7), (1, 3)])
def test_permutations_are_those_of_datasketch(count, seed):
    assert np.array_equal(permutations(count, seed), MinHash(num_perm=count, seed=seed).permutations)


@quick
@given(st.lists(st.one_of(any_texts, any_texts.map(lambda text: text * 9)), min_size=1, max_size=4), st.integers(1, 4))
def test_signatures_are_bit_for_bit_those_of_datasketch(texts, seed):
    strings = strings_of(texts)
    sketches, counts, kinds = signatures(strings, PARAMS, permutations(16, seed))
    hashes, offsets = shingle_sets(strings, np.arange(len(texts)), PARAMS)
    for row, sketch in enumerate(sketches):
        expected = datasketch_of(hashes[offsets[row] : offsets[row + 1]], 16, seed)
        assert np.array_equal(sketch, expected.hashvalues)
        assert to_datasketch(sketch, seed) == expected
    assert np.array_equal([counts, kinds], shingle_counts(strings, PARAMS))


def test_a_text_without_shingles_has_an_empty_signature():
    sketches, counts, _ = signatures(strings_of(["", None, "!"]), PARAMS, permutations())
    assert (sketches == 0xFFFFFFFF).all()
    assert counts.tolist() == [0, 0, 0]


def test_band_keys_are_equal_where_all_rows_of_the_band_are():
    rng = np.random.default_rng(0)
    sketches = rng.integers(0, 2, (40, 12), dtype=np.uint32)
    keys = band_keys(sketches, bands=4, rows=3)
    for band in range(4):
        rows = sketches[:, band * 3 : band * 3 + 3]
        equal_rows = (rows[:, None] == rows[None]).all(axis=2)
        assert np.array_equal(keys[band][:, None] == keys[band][None], equal_rows)
    assert len(np.unique(keys)) == sum(len(np.unique(sketches[:, b * 3 : b * 3 + 3], axis=0)) for b in range(4))


def test_more_rows_than_permutations_are_refused():
    with pytest.raises(AssertionError, match="21 bands of 6 rows need more than 100"):
        band_keys(np.zeros((1, 100), np.uint32))


def test_bands_are_chosen_as_datasketch_chooses_them():
    assert optimal_bands(0.8, 32) == (3, 10)


def test_candidates_hold_nearly_all_true_near_duplicates(shared_bench):
    strings = as_strings(pq.read_table(shared_bench / "data" / "corpus_small.parquet", columns=["text"])["text"])
    truth = pq.read_table(shared_bench / "data" / "truth_small.parquet")
    left, right, similarity = (truth[name].to_numpy() for name in ("i", "j", "jac"))
    # The truth knows word 5-grams only.
    sketches, _, kinds = signatures(strings, ShingleParams(short_text_words=0), permutations())
    pairs = (similarity >= 0.8) & (kinds[left] == 0) & (kinds[right] == 0)
    keys = band_keys(sketches)
    met = (keys[:, left[pairs]] == keys[:, right[pairs]]).any(axis=0)
    assert met.mean() > 0.999
