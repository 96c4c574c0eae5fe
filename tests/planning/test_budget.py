"""Budgets: money, hours and FLOP are three ways to say the same."""

import pytest

from polymath.errors import UserError
from polymath.planning.budget import Budget, Machine

MACHINE = Machine(peak_flops=100e12, mfu=0.5, count=4, price=2.0)
HOUR = 50e12 * 3600


@pytest.mark.parametrize("budget", [Budget(money=2000), Budget(gpu_hours=1000), Budget(flop=1000 * HOUR)])
def test_a_budget_in_any_unit_takes_the_same_hours_days_and_money(budget):
    spent = MACHINE.spend(MACHINE.flop_of(budget))
    assert spent.flop == pytest.approx(1000 * HOUR)
    assert (spent.gpu_hours, spent.cost) == (pytest.approx(1000), pytest.approx(2000))
    assert spent.days == pytest.approx(1000 / 4 / 24)


def test_without_a_budget_a_thousand_is_spent():
    assert MACHINE.spend(MACHINE.flop_of(Budget())).cost == pytest.approx(1000)


def test_gpt_3_took_the_published_petaflop_days():
    """3,640 of them: Brown 2020 (2005.14165), table D.1."""
    flop = 6 * 174.6e9 * 300e9
    assert Machine(1e15, 1.0, 1, 1.0).spend(flop).days == pytest.approx(3640, rel=0.001)


def test_two_budgets_are_refused_by_name():
    with pytest.raises(UserError, match=r"money=5 and flop=1e\+20: a budget is one of money, gpu_hours and flop"):
        Budget.model_validate({"money": 5, "flop": 1e20})


def test_a_budget_is_more_than_nothing():
    with pytest.raises(UserError, match="gpu_hours"):
        Budget.model_validate({"gpu_hours": 0})
