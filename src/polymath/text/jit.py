"""How this package compiles: every kernel for one signature, at its first call, into Numba's cache on disk."""

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import types

_OPTIONS = {"nogil": True, "boundscheck": False, "error_model": "numpy"}


def _vector(dtype: types.Type) -> types.Array:
    # Arrow buffers are read-only. An argument declared so takes a writable array too, without a second compilation.
    return types.Array(dtype, 1, "C", readonly=True)


U8, U32, U64 = _vector(types.uint8), _vector(types.uint32), _vector(types.uint64)
I32, I64 = _vector(types.int32), _vector(types.int64)
F32 = _vector(types.float32)
INT, REAL = types.int64, types.float64


def helper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a piece of kernels: compiled into its callers, never called from Python."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)


def kernel(*arguments: types.Type) -> Callable[[Callable[..., Any]], "Kernel"]:
    """Mark a kernel and name the Numba types of its arguments; the type of what it returns follows from them."""
    return lambda function: Kernel(function, arguments)


class Kernel:
    """A function that is compiled, or loaded from the cache, when it is first called. It releases the GIL while it runs."""

    every: list["Kernel"] = []

    def __init__(self, function: Callable[..., Any], arguments: tuple[types.Type, ...]) -> None:
        functools.update_wrapper(self, function)
        self.arguments = arguments
        self.every.append(self)

    @functools.cached_property
    def compiled(self) -> Callable[..., Any]:
        """The machine code, callable from Python."""
        # Numba stores machine code under the function's name and looks whether the function's own file has changed since, not the
        # files of its helpers. The digest of all sources in the name keeps code of old helpers from being found.
        self.__wrapped__.__qualname__ = f"{self.__name__}.{_sources_digest()}"
        return numba.njit(self.arguments, cache=True, **_OPTIONS)(self.__wrapped__)

    def __call__(self, *values: Any) -> Any:
        return self.compiled(*values)


def compile_kernels() -> None:
    """Compile or load every kernel of the modules that have been imported."""
    for each in Kernel.every:
        assert each.compiled


@functools.cache
def _sources_digest() -> str:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=4).hexdigest()
