"""Fast, pure kernels over Arrow text: one module per question that a stage asks about text.

Importing the package is free. A module that has kernels imports Numba; a kernel compiles at its first call. See `jit` for how.
"""

import importlib
import pkgutil


def warmup() -> None:
    """Compile every kernel, or load it from Numba's cache on disk: once before worker processes start, so that each of them only loads."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    importlib.import_module(f"{__name__}.jit").compile_kernels()
