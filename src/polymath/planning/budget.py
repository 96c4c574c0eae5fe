"""What a budget buys on a machine: FLOP, GPU-hours, days, money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, RootModel, model_validator

from polymath.config import Config, Explained
from polymath.errors import UserError

DEFAULT_MONEY = 1000.0
PRICED_IN = "USD"
"""The currency of the prices that are assumed in `parameters/hardware.yml`."""


class GPU(Config):
    """One kind of processor: an entry of `parameters/hardware.yml`."""

    peak_flops: float = Field(gt=0)
    """FLOP/s at its best in `precision`, without sparsity, from the data sheet."""
    memory_gib: float = Field(gt=0)
    """Its own memory, GiB."""
    link_gb_s: float | None = Field(None, gt=0)
    """GB/s, one way, from one of them to another of the same node: NVLink, or PCIe where there is none."""
    price: float = Field(gt=0)
    """US dollars an hour. Assumed: prices differ between sellers and by a factor of four within two years."""
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    """In what it trains fastest; fp16 needs its loss scaled."""
    source: str
    """Where the figures come from."""


class GPUs(Explained, RootModel[dict[str, GPU]]):
    """`params:hardware`: the library of processors, by name."""


class Budget(Config):
    """What may be spent: money, GPU-hours or FLOP, one of them. None given: money, 1,000 of the currency."""

    money: float | None = Field(None, gt=0)
    """In `plan.currency`."""
    gpu_hours: float | None = Field(None, gt=0)
    """Hours of one GPU."""
    flop: float | None = Field(None, gt=0)
    """Floating-point operations of training."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Budget:
        given = {name: value for name, value in self if value is not None}
        if len(given) > 1:
            told = " and ".join(f"{name}={value:g}" for name, value in given.items())
            raise UserError(f"{told}: a budget is one of money, gpu_hours and flop; set the others to null")
        return self


@dataclass(frozen=True)
class Machine:
    """So many processors of one kind, as fast as training gets them, at their price."""

    peak_flops: float
    mfu: float
    """Model FLOP utilisation (Chowdhery 2022, 2204.02311): the share of the peak that 6 N D comes to."""
    count: int
    price: float
    """Of one processor and hour."""

    @property
    def flop_per_hour(self) -> float:
        """Of one processor."""
        return self.peak_flops * self.mfu * 3600

    def flop_of(self, budget: Budget) -> float:
        """FLOP that a budget pays for."""
        if budget.flop is not None:
            return budget.flop
        money = DEFAULT_MONEY if budget.money is None else budget.money
        hours = money / self.price if budget.gpu_hours is None else budget.gpu_hours
        return hours * self.flop_per_hour

    def spend(self, flop: float) -> Spending:
        """What `flop` take."""
        hours = flop / self.flop_per_hour
        return Spending(flop, hours, hours / self.count / 24, hours * self.price)


@dataclass(frozen=True)
class Spending:
    """What training takes."""

    flop: float
    gpu_hours: float
    days: float
    """With all processors at work, none lost to failures."""
    cost: float
