"""Scaling laws: published numbers, and the closed form against a search."""

import math

import pytest
from scipy.optimize import minimize_scalar

from polymath.planning.scaling import FITS, iso_flop, tokens_for, train_flop, worth_of_repeats

BETA_27 = [
    (52, 400, 2.0850), (20, 472, 2.1073), (12, 300, 2.1692), (13, 260, 2.1780), (10, 205, 2.2143), (6.7, 134, 2.2820),
    (1.4, 300, 2.3328), (2.7, 54, 2.4622), (66, 300, 2.1023), (175, 300, 2.0783),
]  # fmt: skip
BUDGETS = [1e17, 1e21, 5.76e23]


@pytest.mark.parametrize(("parameters", "tokens", "loss"), BETA_27)
def test_losses_of_models_with_beta_rounded_down_are_those_of_the_known_table(parameters, tokens, loss):
    assert FITS["chinchilla_beta27"].loss(parameters * 1e9, tokens * 1e9) == pytest.approx(loss, abs=5e-5)


@pytest.mark.parametrize(("name", "ratio"), [("besiroglu", 22), ("chinchilla", 50), ("chinchilla_beta27", 102)])
def test_tokens_per_parameter_at_1e21_flop_are_those_of_each_fit(name, ratio):
    parameters, tokens = FITS[name].optimum(1e21)
    assert round(tokens / parameters) == ratio


@pytest.mark.parametrize("flop", BUDGETS)
@pytest.mark.parametrize("name", FITS)
def test_the_closed_form_finds_the_minimum_that_a_search_finds(name, flop):
    fit = FITS[name]
    found = minimize_scalar(
        lambda power: fit.loss(10**power, tokens_for(flop, 10**power)),
        bounds=(5, 13),
        method="bounded",
        options={"xatol": 1e-9},
    )
    parameters, tokens = fit.optimum(flop)
    assert parameters == pytest.approx(10**found.x, rel=1e-4)
    assert train_flop(parameters, tokens) == pytest.approx(flop)


@pytest.mark.parametrize("name", FITS)
def test_the_optimal_size_for_tokens_is_the_inverse_of_the_optimum(name):
    parameters, tokens = FITS[name].optimum(3e22)
    assert FITS[name].optimal_size(tokens) == pytest.approx(parameters)


def test_a_smaller_model_reaches_a_loss_with_more_tokens_and_one_that_is_too_small_never_does():
    fit = FITS["besiroglu"]
    parameters, tokens = fit.optimum(1e21)
    loss = fit.loss(parameters, tokens)
    more = fit.tokens_to_reach(loss, parameters / 2)
    assert more > 2 * tokens
    assert fit.loss(parameters / 2, more) == pytest.approx(loss)
    assert fit.tokens_to_reach(loss, parameters / 100) == math.inf


def test_repeats_are_worth_less_and_less_and_no_more_than_the_limit():
    assert worth_of_repeats(100, 60) == 60
    four = worth_of_repeats(100, 400) / 400
    assert 0.9 < four < 0.95  # Muennighoff 2023: up to four epochs are nearly as good as new tokens
    assert worth_of_repeats(100, 1e9) == pytest.approx(100 * (1 + 15.387756))


def test_an_iso_flop_curve_costs_the_same_everywhere_and_is_lowest_at_the_optimum():
    fit = FITS["besiroglu"]
    curve = iso_flop(fit, 1e21)
    assert {round(train_flop(point.parameters, point.tokens) / 1e21, 9) for point in curve} == {1.0}
    assert min(curve, key=lambda point: point.loss).parameters == pytest.approx(fit.optimum(1e21)[0])
    assert curve[-1].parameters / curve[0].parameters == pytest.approx(16**2)
