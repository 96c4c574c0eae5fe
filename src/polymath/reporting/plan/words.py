"""Sizes, sums of money and lengths of time as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polymath.reporting.card.words import NARROW

if TYPE_CHECKING:
    from polymath.pipelines.plan.config import Asked

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
GIB = 2**30


def big(value: float) -> str:
    """`6.74 B`: parameters and tokens as the field counts them, in thousands (k), millions (M), billions (B), trillions (T)."""
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 0.9995 * limit:
            return f"{three(value / limit)}{NARROW}{unit}"
    return f"{value:,.0f}"


def power(value: float) -> str:
    """`2.49 × 10²⁰`."""
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits}{NARROW}×{NARROW}10{str(int(exponent)).translate(RAISED)}"


def three(value: float) -> str:
    """Three digits, or all of those before the point: `0.12`, `6.74`, `41.0`, `410`, `6,740`."""
    size = abs(value)
    return f"{value:,.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"


def money(value: float, currency: str) -> str:
    """`1,000 USD`; cents below one hundred."""
    return f"{value:,.{2 if abs(value) < 100 else 0}f}{NARROW}{currency}"


def gib(value: float) -> str:
    """`12.4 GiB` of bytes."""
    return f"{three(value / GIB)}{NARROW}GiB"


def lasting(days: float) -> str:
    """`3.2 days`, `5.0 hours` below two days, `1,200 years` from a thousand days."""
    if days >= 1000:
        return f"{three(days / 365.25)} years"
    return f"{three(days)} days" if days >= 2 else f"{three(days * 24)} hours"


def told_budget(asked: Asked) -> str:
    """`1,000 USD on 8 x a100_80gb`."""
    chosen, budget, machine = asked.plan.hardware, asked.plan.budget, asked.machine
    if budget.flop is not None:
        given = f"{power(budget.flop)} FLOP"
    elif budget.gpu_hours is not None:
        given = f"{budget.gpu_hours:,.0f} GPU-hours"
    else:
        given = money(machine.spend(asked.flop).cost, asked.plan.currency)
    return f"{given} on {chosen.count:,} × {chosen.kind}"


def stage(zero: int | None, offload: str | None) -> str:
    """`ZeRO 2, optimizer offloaded`; `does not fit` where no stage does."""
    if zero is None:
        return "does not fit"
    more = {"none": "", "optimizer": ", optimizer offloaded", "all": ", all offloaded"}[offload or "none"]
    return ("no ZeRO" if zero == 0 else f"ZeRO {zero}") + more
