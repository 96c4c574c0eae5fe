"""Two machine instructions that Numba does not offer by itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.typing import Signature
from numba.extending import intrinsic

_WORD = ir.IntType(64)


def _count_ones(_typing: Any, _value: types.Type) -> tuple[Signature, Any]:
    def generate(_context: Any, builder: Any, _signature: Signature, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


def _load_word(_typing: Any, text: types.Array, _i: types.Type) -> tuple[Signature, Any]:
    def generate(context: Any, builder: Any, signature: Signature, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = builder.bitcast(builder.gep(array.data, [arguments[1]]), _WORD.as_pointer())
        # An ordinary load may become an instruction that wants an address divisible by 8.
        return builder.load(pointer, align=1)

    return types.uint64(text, types.int64), generate


count_ones: Callable[..., int] = intrinsic(_count_ones)
"""How many bits of a uint64 are set."""

load_word: Callable[..., np.uint64] = intrinsic(_load_word)
"""The eight bytes from `text[i]` on as one little-endian uint64; the caller sees to it that there are eight."""
