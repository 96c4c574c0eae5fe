"""What is fitted, beside what scikit-learn fits."""

import numpy as np
import pytest
from scipy.sparse import random as random_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD

from polymath.pipelines.curate.fitting import cluster, leading_directions


@pytest.mark.parametrize("shape", [(40, 200), (200, 40)])
def test_leading_directions_are_those_of_scikit_learn_bit_for_bit(shape):
    matrix = random_matrix(*shape, density=0.2, format="csr", dtype=np.float32, rng=np.random.default_rng(0))
    theirs = TruncatedSVD(5, random_state=0).fit(matrix).components_
    assert np.array_equal(leading_directions(matrix, 5), theirs)


def groups(seed, count, each):
    """Points around `count` centres, on the unit sphere."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, 16))
    points = np.concatenate([centre + rng.normal(size=(each, 16)) for centre in centres])
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(5))
def test_clusters_are_those_of_scikit_learn(seed):
    points = groups(seed, 6, 60)
    assert np.array_equal(cluster(points, 8), KMeans(8, n_init=2, random_state=0).fit_predict(points))


def test_points_that_are_the_same_share_a_cluster_and_none_is_made_up():
    points = np.repeat(groups(0, 3, 1), 20, axis=0)
    labels = cluster(points, 8)
    assert len(set(labels.tolist())) == 3
    assert all(len(set(labels[start : start + 20].tolist())) == 1 for start in (0, 20, 40))


def test_one_cluster_holds_all():
    assert set(cluster(groups(0, 2, 5), 1).tolist()) == {0}
