"""Products of rows of int8 weights with errors, the work that a backward pass is."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.vectors.lanes import (
    FEW,
    LANES,
    WORDS,
    are_rows_of,
    constant,
    count_lanes,
    everywhere,
    in_row,
    place,
    two_halves,
)


@intrinsic(prefer_literal=True)
def multiply_block(typing_context, w8, row, start, e, width):
    """`row_product` of `width` weights from `start` on: the sum as the low half, the reads as the high one."""
    arrays = are_rows_of(types.int8, w8) and are_rows_of(types.int32, e)
    if not (arrays and isinstance(width, types.IntegerLiteral)):
        return None
    lanes = width.literal_value
    words, bytes_ = ir.VectorType(ir.IntType(32), lanes), ir.VectorType(ir.IntType(8), lanes)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = in_row(context, builder, signature, args, 0, args[1], args[2])
        stored = builder.load(place(context, builder, signature, args, 0, at, bytes_), align=1)
        errors = builder.load(place(context, builder, signature, args, 3, args[2], words), align=4)
        products = builder.mul(builder.sext(stored, words), errors)
        kind = ir.FunctionType(words.element, [words])
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.add.v{lanes}i32")
        total = builder.zext(builder.call(add, [products]), ir.IntType(64))
        return two_halves(builder, total, count_lanes(builder, builder.icmp_signed("!=", products, constant(0, words))))

    return types.uint64(w8, types.intp, types.intp, e, width), codegen


@intrinsic
def multiply_short(typing_context, w8, row, e):
    """`row_product` of a row of at most LANES weights, behind which as many bytes lie: as `multiply_block` gives it."""
    if not (are_rows_of(types.int8, w8) and are_rows_of(types.int32, e)):
        return None
    bytes_ = ir.VectorType(ir.IntType(8), LANES)
    masks = ir.VectorType(ir.IntType(1), LANES)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = ir.Constant(args[1].type, 0)
        at = in_row(context, builder, signature, args, 0, args[1], start)
        stored = builder.load(place(context, builder, signature, args, 0, at, bytes_), align=1)
        errors = place(context, builder, signature, args, 2, start, WORDS)
        size = builder.extract_value(context.make_array(signature.args[2])(context, builder, args[2]).shape, 0)
        lanes = ir.Constant(WORDS, list(range(LANES)))
        inside = builder.icmp_signed("<", lanes, everywhere(builder, builder.trunc(size, WORDS.element)))
        kind = ir.FunctionType(WORDS, [errors.type, ir.IntType(32), masks, WORDS])
        load = cgutils.get_or_insert_function(builder.module, kind, f"llvm.masked.load.v{LANES}i32.p0v{LANES}i32")
        held = builder.call(load, [errors, ir.Constant(ir.IntType(32), 4), inside, constant(0, WORDS)])
        products = builder.mul(builder.sext(stored, WORDS), held)
        add = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(WORDS.element, [WORDS]), f"llvm.vector.reduce.add.v{LANES}i32"
        )
        total = builder.zext(builder.call(add, [products]), ir.IntType(64))
        return two_halves(builder, total, count_lanes(builder, builder.icmp_signed("!=", products, constant(0, WORDS))))

    return types.uint64(w8, types.intp, e), codegen


@kernel_part
def row_product(w8, i, e):
    """Σ_j w8_ij·e_j, which must fit 32 bits, and how many j have w8_ij ≠ 0 and e_j ≠ 0.

    Parameters
    ----------
    w8 : int8[n_pre, n_post]
    e : int32[n_post]

    Returns
    -------
    (total, reads) : int32, int
    """
    total, reads = np.int32(0), np.int64(0)
    n = w8.shape[1]
    if FEW < n < LANES and i * n + LANES <= w8.size:
        both = multiply_short(w8, i, e)
        return np.int32(both), np.int64(both >> np.uint64(32))
    start = 0
    while start + LANES <= n:
        both = multiply_block(w8, i, start, e, LANES)
        total = np.int32(total + np.int32(both))
        reads += np.int64(both >> np.uint64(32))
        start += LANES
    if start + FEW <= n:
        both = multiply_block(w8, i, start, e, FEW)
        total = np.int32(total + np.int32(both))
        reads += np.int64(both >> np.uint64(32))
        start += FEW
    for j in range(start, n):
        product = np.int32(np.int32(w8[i, j]) * e[j])
        total = np.int32(total + product)
        reads += product != 0
    return total, reads
