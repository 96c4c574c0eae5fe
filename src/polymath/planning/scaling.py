"""Scaling laws: the loss of a model of N parameters after D tokens, and the N and D that a budget of FLOP is best spent on.

The form is that of Hoffmann 2022 (2203.15556): L(N, D) = E + A / N^alpha + B / D^beta, in nats a token. Training costs
C = 6 N D FLOP (Kaplan 2020, 2001.08361). N counts every parameter, embeddings too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FLOP_PER_PARAMETER_TOKEN = 6
"""Two for the forward pass, four for the backward one."""
REPEATS_WORTH = 15.387756
"""R*_D of Muennighoff 2023 (2305.16264): after so many repeats a repeated token is worth 1/e of a new one."""


@dataclass(frozen=True)
class Fit:
    """The five coefficients of one fit, and where they come from."""

    floor: float
    """E: what no size and no number of tokens takes away, nats a token."""
    size_factor: float
    """A."""
    data_factor: float
    """B."""
    size_power: float
    """alpha."""
    data_power: float
    """beta."""
    source: str

    def loss(self, parameters: float, tokens: float) -> float:
        """Nats a token of `parameters` trained on `tokens` new tokens."""
        return self.floor + self.size_factor / parameters**self.size_power + self.data_factor / tokens**self.data_power

    @property
    def _balance(self) -> float:
        """G of the closed form: (alpha A / (beta B))^(1 / (alpha + beta))."""
        ratio = self.size_power * self.size_factor / (self.data_power * self.data_factor)
        return float(ratio ** (1 / (self.size_power + self.data_power)))

    def optimum(self, flop: float) -> tuple[float, float]:
        """The parameters and tokens with the lowest loss that `flop` pays for: equation 4 of Hoffmann 2022."""
        pairs, powers = flop / FLOP_PER_PARAMETER_TOKEN, self.size_power + self.data_power
        parameters = self._balance * pairs ** (self.data_power / powers)
        return parameters, pairs / parameters

    def optimal_size(self, tokens: float) -> float:
        """The parameters whose optimal number of tokens is `tokens`: the inverse of `optimum`."""
        powers = self.size_power + self.data_power
        pairs = (tokens * self._balance) ** (powers / self.size_power)
        return float(pairs / tokens)

    def tokens_to_reach(self, loss: float, parameters: float) -> float:
        """Tokens after which `parameters` have this loss; infinite where no number of tokens is enough."""
        left = loss - self.floor - self.size_factor / parameters**self.size_power
        return float((self.data_factor / left) ** (1 / self.data_power)) if left > 0 else math.inf


FITS = {
    "besiroglu": Fit(
        1.8172, 482.01, 2085.43, 0.3478, 0.3658,
        "Besiroglu 2024 (2404.10102): the third method of Hoffmann 2022 fitted anew, with the other two in agreement",
    ),
    "chinchilla": Fit(1.69, 406.4, 410.7, 0.34, 0.28, "Hoffmann 2022 (2203.15556), the third method as it was printed"),
    "chinchilla_beta27": Fit(1.69, 406.4, 410.7, 0.34, 0.27, "Hoffmann 2022 with another rounding of beta"),
}  # fmt: skip
"""By the name that `plan.fit` takes."""


def train_flop(parameters: float, tokens: float) -> float:
    """FLOP of training, forward and backward: 6 N D. Attention's own products are not in it."""
    return FLOP_PER_PARAMETER_TOKEN * parameters * tokens


def tokens_for(flop: float, parameters: float) -> float:
    """Tokens that `parameters` can be trained on for `flop`."""
    return flop / (FLOP_PER_PARAMETER_TOKEN * parameters)


def worth_of_repeats(unique: float, drawn: float) -> float:
    """How many new tokens `drawn` tokens are worth where only `unique` of them are different, for tokens' part of the loss.

    Equation 5 of Muennighoff 2023 (2305.16264): U + U R* (1 - e^(-R / R*)) with R = drawn / unique - 1 repeats. Its
    coefficient comes from another fit than ours, on other data: it says how fast repeats fade, not the loss to two digits.
    """
    if drawn <= unique:
        return drawn
    repeats = drawn / unique - 1
    return unique * (1 + REPEATS_WORTH * (1 - math.exp(-repeats / REPEATS_WORTH)))


@dataclass(frozen=True)
class Point:
    """One model on an iso-FLOP curve."""

    parameters: float
    tokens: float
    loss: float


def iso_flop(fit: Fit, flop: float, reach: float = 16.0, points: int = 41) -> list[Point]:
    """Models that all cost `flop`: from the optimum divided by `reach` to the optimum times `reach`, evenly in logarithms."""
    best, _ = fit.optimum(flop)
    steps = [2 * step / (points - 1) - 1 for step in range(points)]
    sizes = [best * reach**step for step in steps]
    return [Point(size, tokens_for(flop, size), fit.loss(size, tokens_for(flop, size))) for size in sizes]
