"""How this package compiles: every kernel for one signature, at its first call, into Numba's cache on disk."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numba
import numpy as np
from numba import types

Array = np.ndarray
"""An array in the signature of a kernel or a helper; the kernel's decorator names its dtype."""

_OPTIONS: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def _array_of(dtype: types.Type, dimensions: int = 1) -> types.Array:
    # Arrow buffers are read-only. An argument declared so takes a writable array too, without a second compilation.
    return types.Array(dtype, dimensions, "C", readonly=True)


U8, U32, U64 = _array_of(types.uint8), _array_of(types.uint32), _array_of(types.uint64)
I32, I64, F32 = _array_of(types.int32), _array_of(types.int64), _array_of(types.float32)
U32_2D, F32_2D = _array_of(types.uint32, 2), _array_of(types.float32, 2)
INT, REAL, BOOL = types.int64, types.float64, types.boolean


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a piece of kernels: compiled along with its callers, not called from Python."""
    # Whether it is inlined is left to LLVM: when forced, loops forget that their arrays do not overlap, and slow down.
    return numba.njit(**_OPTIONS)(function)


def kernel(*arguments: types.Type) -> Callable[[Callable[..., Any]], "Kernel"]:
    """Mark a kernel and name the Numba types of its arguments; the type of what it returns follows from them."""
    return lambda function: Kernel(function, arguments)


class Kernel:
    """A function that is compiled, or loaded from the cache, when it is first called; it runs without the GIL."""

    every: ClassVar[list["Kernel"]] = []

    def __init__(self, function: Callable[..., Any], arguments: tuple[types.Type, ...]) -> None:
        """Keep the function and the types of its arguments for later."""
        functools.update_wrapper(self, function)
        self.function, self.arguments = function, arguments
        Kernel.every.append(self)

    @functools.cached_property
    def compiled(self) -> Callable[..., Any]:
        """The machine code, callable from Python."""
        # Numba stores machine code under the function's name and asks whether the function's file has changed since,
        # not the files of its helpers. With a digest of all these in the name, code of old helpers is never found.
        folder = Path(self.function.__code__.co_filename).parent
        self.function.__qualname__ = f"{self.function.__name__}.{_sources_digest(folder)}"
        return numba.njit(self.arguments, cache=True, **_OPTIONS)(self.function)

    def __call__(self, *values: Any) -> Any:
        """Run the kernel."""
        return self.compiled(*values)


def compile_kernels() -> list[Callable[..., Any]]:
    """Compile or load every kernel of the modules that have been imported."""
    return [kernel.compiled for kernel in Kernel.every]


@functools.cache
def _sources_digest(folder: Path) -> str:
    sources = sorted({*Path(__file__).parent.glob("*.py"), *folder.glob("*.py")})
    return hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=4).hexdigest()
