"""Weights: the plain strategies, the epoch cap, the portfolio."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polymath.errors import UserError
from polymath.mixing import portfolio, weights

SIZES = st.lists(st.integers(1, 10_000), min_size=1, max_size=12).map(lambda sizes: np.array(sizes, float))


def test_unimax_is_even_as_far_as_the_cap_allows():
    # 2304.09151: 100 tokens over sizes 5, 20, 1000 with two epochs: 10, then 90 / 2 > 40, then the rest.
    assert weights.unimax(np.array([1000.0, 5, 20]), 100, 2).tolist() == pytest.approx([0.5, 0.1, 0.4])


@settings(max_examples=80, deadline=None)
@given(SIZES, st.floats(0.1, 3), st.floats(1, 8))
def test_unimax_never_repeats_more_than_the_cap(sizes, share, epochs):
    budget = share * sizes.sum()
    found = weights.unimax(sizes, budget, epochs)
    assert found.sum() == pytest.approx(1)
    if epochs * sizes.sum() >= budget:
        assert (found * budget <= epochs * sizes * (1 + 1e-9)).all()


def test_temperature_flattens_and_one_is_proportional():
    sizes = np.array([1.0, 100])
    assert weights.temperature(sizes, 1, None).tolist() == pytest.approx(weights.proportional(sizes).tolist())
    assert weights.temperature(sizes, 2, None).tolist() == pytest.approx([1 / 11, 10 / 11])
    assert weights.temperature(sizes, 1, 10).tolist() == pytest.approx([1 / 11, 10 / 11])


@settings(max_examples=80, deadline=None)
@given(SIZES, st.floats(0.1, 3.9), st.integers(0, 9))
def test_a_capped_mix_keeps_proportions_among_those_below_the_cap(sizes, share, seed):
    wanted = np.random.default_rng(seed).dirichlet(np.ones(len(sizes)))
    budget = share * sizes.sum()
    found = weights.capped(wanted, sizes, budget, 4)
    assert found.sum() == pytest.approx(1)
    assert (found * budget <= 4 * sizes * (1 + 1e-6)).all()
    free = (found * budget < 4 * sizes * (1 - 1e-6)) & (wanted > 1e-6)
    ratios = found[free] / wanted[free]
    assert np.allclose(ratios, ratios[:1]) if len(ratios) else True


def test_weights_that_no_budget_can_satisfy_say_what_would():
    with pytest.raises(UserError, match="no weights make 1,000 tokens of 100 in at most 4 epochs; ask for 400 tokens or fewer"):
        weights.capped(np.array([0.5, 0.5]), np.array([60.0, 40]), 1000, 4)


def test_explicit_weights_name_what_there_is_not():
    assert weights.explicit(["a", "b"], {"b": 3, "a": 1}).tolist() == [0.25, 0.75]
    with pytest.raises(UserError, match="explicit weights name c, of which there is nothing here; there is a, b"):
        weights.explicit(["a", "b"], {"c": 1})


def problem(**change):
    given_ = {
        "gain": np.array([1.0, 0.6, 0.8]),
        "covariance": np.array([[0.2, 0.15, 0], [0.15, 0.2, 0], [0, 0, 0.3]]),
        "prior": np.full(3, 1 / 3),
        "limits": np.ones(3),
        "floors": np.zeros(3),
        "tier_shares": np.array([[1.0, 0, 0], [0, 1, 1]]),
        "tier_floors": np.zeros(2),
    }
    return portfolio.Problem(**{**given_, **change})


def test_a_strong_pull_gives_the_prior_and_a_weak_one_the_gain():
    assert portfolio.solve(problem(), 0, 1000).weights == pytest.approx(np.full(3, 1 / 3), abs=1e-3)
    assert portfolio.solve(problem(), 0, 1e-4).weights[0] > 0.95


def test_aversion_moves_weight_to_what_is_unlike_the_rest():
    bold, careful = (portfolio.solve(problem(), aversion, 0.01) for aversion in (0.1, 50))
    assert careful.weights[2] > bold.weights[2]
    assert careful.risk < bold.risk
    assert careful.gain < bold.gain


def test_bounds_hold():
    bounds = problem(limits=np.array([0.2, 1, 1]), floors=np.array([0, 0.3, 0]), tier_floors=np.array([0.15, 0]))
    found = portfolio.solve(bounds, 1, 0.1).weights
    assert 0.15 - 1e-6 <= found[0] <= 0.2 + 1e-6
    assert found[1] >= 0.3 - 1e-6


def test_bounds_that_contradict_each_other_say_which_dials_help():
    with pytest.raises(UserError, match=r"no portfolio meets all bounds .*raise max_epochs"):
        portfolio.solve(problem(limits=np.full(3, 0.2)), 1, 0.1)


def test_the_frontier_trades_gain_for_risk():
    points = portfolio.frontier(problem(), 1e-3, np.geomspace(0.1, 100, 6))
    assert sorted((point.risk for point in points), reverse=True) == pytest.approx([point.risk for point in points], abs=1e-4)


@pytest.mark.parametrize("shape", [(40, 3), (5, 12)])
def test_covariance_is_shrunk_as_scikit_learn_does(shape):
    from sklearn.covariance import ledoit_wolf

    samples = np.random.default_rng(0).normal(size=shape) * np.linspace(1, 3, shape[1])
    np.testing.assert_allclose(portfolio.shrunk_covariance(samples), ledoit_wolf(samples)[0], rtol=1e-12, atol=1e-12)


def test_correlation_is_shrunk_and_sees_what_is_alike():
    rng = np.random.default_rng(0)
    base = rng.normal(size=40)
    found = portfolio.correlation(np.stack([base, base + 0.1 * rng.normal(size=40), rng.normal(size=40)]))
    assert np.allclose(np.diag(found), 1)
    assert 0.6 < found[0, 1] < 1
    assert abs(found[0, 2]) < 0.4
