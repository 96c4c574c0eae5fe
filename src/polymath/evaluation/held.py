"""One model at a time: a process that loads another lets go of the one that it holds, so that a GPU need not fit both."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable
from typing import Any

_held: dict[Hashable, Any] = {}


def held(key: Hashable, load: Callable[[], Any]) -> Any:
    """What `load` gives, loaded once for as long as nothing else is asked for."""
    if key not in _held:
        _held.clear()
        gc.collect()
        import torch

        torch.cuda.empty_cache()  # nothing happens where there is no GPU
        _held[key] = load()
    return _held[key]
