"""Fast, pure kernels over Arrow text: one module per question that a stage asks about text.

Importing the package costs nothing, importing a module with kernels imports Numba, and calling a kernel for the first
time compiles it (see `jit`).
"""

import importlib
import pkgutil


def warmup() -> None:
    """Compile every kernel, or load it from Numba's cache: once before workers start, so that these only load."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    importlib.import_module(f"{__name__}.jit").compile_kernels()
