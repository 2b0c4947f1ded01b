"""A row of values times a number is added to another row: all that a convolution does, in each direction."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.vectors.lanes import FEW, LANES, are_rows_of, everywhere, place


@intrinsic(prefer_literal=True)
def add_scaled_block(typing_context, source, first, factor, target, at, width):
    """`add_scaled` of `width` values."""
    numbers = are_rows_of(types.int8, source) or are_rows_of(types.int16, source) or are_rows_of(types.int32, source)
    if not (numbers and are_rows_of(types.int32, target) and isinstance(width, types.IntegerLiteral)):
        return None
    words = ir.VectorType(ir.IntType(32), width.literal_value)
    stored = ir.VectorType(ir.IntType(source.dtype.bitwidth), width.literal_value)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = builder.load(place(context, builder, signature, args, 0, args[1], stored), align=1)
        if stored != words:
            values = builder.sext(values, words)
        there = place(context, builder, signature, args, 3, args[4], words)
        product = builder.mul(values, everywhere(builder, args[2], words))
        builder.store(builder.add(builder.load(there, align=4), product), there, align=4)
        return context.get_dummy_value()

    return types.void(source, types.intp, types.int32, target, types.intp, width), codegen


@kernel_part
def add_scaled(source, first, n, factor, target, at):
    """target[at + k] += factor·source[first + k] for k < n, in 32 bits.

    Parameters
    ----------
    source : int8[], int16[] or int32[]
    first, n, at : int
    factor : int32
    target : int32[]
    """
    k = 0
    while k + LANES <= n:
        add_scaled_block(source, first + k, factor, target, at + k, LANES)
        k += LANES
    if k + FEW <= n:
        add_scaled_block(source, first + k, factor, target, at + k, FEW)
        k += FEW
    while k < n:
        target[np.uint32(at + k)] += np.int32(np.int32(source[np.uint32(first + k)]) * factor)
        k += 1
