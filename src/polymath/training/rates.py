"""How the learning rate goes: a factor of its height for each step."""

import math

from polymath.training.config import OptimizerConfig


def rate(step: int, steps: int, optimizer: OptimizerConfig) -> float:
    """The factor in step `step` (from 0) of `steps`: a linear warm-up, then the schedule down to `final_share`."""
    warmup = round(optimizer.warmup_share * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    final = optimizer.final_share
    if optimizer.schedule == "constant":
        return 1.0
    begin = warmup
    if optimizer.schedule == "wsd":
        begin = max(warmup, steps - round(optimizer.decay_share * steps))
        if step < begin:
            return 1.0
    done = min((step - begin) / max(steps - begin, 1), 1.0)
    if optimizer.schedule == "cosine":
        return final + (1 - final) * (1 + math.cos(math.pi * done)) / 2
    return 1 - (1 - final) * done
