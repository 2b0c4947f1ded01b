"""Products of rows of int8 weights with errors, the work that a backward pass is."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import inline
from lava_ed.kernels.lanes import are_rows_of, constant, mask_bits, place

__all__ = ["row_product"]

WIDE: Final = 16
FEW: Final = 8
"""Weights of a vector."""


def _code(width: int) -> Any:
    """Σ_j w_j·e_j of `width` weights in the low half, how many of these products are not 0 in the high one."""
    words, bytes_ = ir.VectorType(ir.IntType(32), width), ir.VectorType(ir.IntType(8), width)
    long = ir.IntType(64)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        row, start = args[1], args[2]
        weights = context.make_array(signature.args[0])(context, builder, args[0])
        at = builder.add(builder.mul(row, builder.extract_value(weights.shape, 1)), start)
        stored = builder.load(place(context, builder, signature, args, 0, at, bytes_), align=1)
        errors = builder.load(place(context, builder, signature, args, 3, start, words), align=4)
        products = builder.mul(builder.sext(stored, words), errors)
        kind = ir.FunctionType(words.element, [words])
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.add.v{width}i32")
        total = builder.zext(builder.call(add, [products]), long)
        read = builder.icmp_signed("!=", products, constant(0, words))
        return builder.or_(total, builder.shl(builder.ctpop(mask_bits(builder, read)), ir.Constant(long, 32)))

    return codegen


@intrinsic
def multiply_wide(typing_context, w8, row, start, e):  # type: ignore[no-untyped-def]
    """`row_product` of WIDE weights from `start` on."""
    if not are_rows_of(types.int8, w8) or not are_rows_of(types.int32, e):
        return None
    return types.uint64(w8, types.intp, types.intp, e), _code(WIDE)


@intrinsic
def multiply_few(typing_context, w8, row, start, e):  # type: ignore[no-untyped-def]
    """`row_product` of FEW weights from `start` on."""
    if not are_rows_of(types.int8, w8) or not are_rows_of(types.int32, e):
        return None
    return types.uint64(w8, types.intp, types.intp, e), _code(FEW)


@inline
def row_product(w8, i, e):  # type: ignore[no-untyped-def]
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
    start = 0
    while start + WIDE <= n:
        both = multiply_wide(w8, i, start, e)
        total = np.int32(total + np.int32(both))
        reads += np.int64(both >> np.uint64(32))
        start += WIDE
    if start + FEW <= n:
        both = multiply_few(w8, i, start, e)
        total = np.int32(total + np.int32(both))
        reads += np.int64(both >> np.uint64(32))
        start += FEW
    for j in range(start, n):
        product = np.int32(np.int32(w8[i, j]) * e[j])
        total = np.int32(total + product)
        reads += product != 0
    return total, reads
