"""Losses in other words."""

import math


def perplexity(loss: float) -> float:
    """e to the loss of a token, in nats; infinite where that cannot be written."""
    return math.inf if loss >= 700 else math.exp(loss)
