"""Sums of rows of weights, the work that a forward spike is.

A block of columns is summed over all rows before the next one, so that the sums stay in registers.  Those of bytes
take 16 bits, which hold up to 255 of them, and are added to 32 bits before the next 255.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.vectors.lanes import FEW, are_rows_of, everywhere, in_row, place

WIDE: Final = 64
NARROW: Final = 16
"""Columns of a block; the last block of a row may overlap the one before it."""
BYTES_AT_ONCE: Final = 255
"""So many bytes have a sum of at most 2^15 − 128 in magnitude."""


def block_total(context: Any, builder: Any, signature: Any, args: Any, bounds: tuple[Any, Any, Any], width: int) -> Any:
    """Code of Σ_k weights[events_k, j] of `width` columns j, for intrinsics whose first arguments these two arrays are.

    Parameters
    ----------
    bounds : tuple
        First and last place in the events, and the first column.
    width : int
    """
    first, last, start = bounds
    stored = signature.args[0].dtype
    words, shorts = ir.VectorType(ir.IntType(32), width), ir.VectorType(ir.IntType(16), width)
    row = ir.VectorType(ir.IntType(stored.bitwidth), width)
    total = cgutils.alloca_once_value(builder, ir.Constant(words, None))

    def number(value: int) -> Any:
        return ir.Constant(first.type, value)

    def add_rows(begin: Any, end: Any, target: Any, kind: Any) -> None:
        with cgutils.for_range(builder, end, start=begin, intp=first.type) as loop:
            event = builder.load(place(context, builder, signature, args, 1, loop.index, ir.IntType(32)))
            at = in_row(context, builder, signature, args, 0, builder.zext(event, first.type), start)
            values = builder.load(place(context, builder, signature, args, 0, at, row), align=1)
            builder.store(builder.add(builder.load(target), builder.sext(values, kind)), target)

    if stored == types.int8:
        partial = cgutils.alloca_once(builder, shorts)
        rounds = builder.add(builder.sub(last, first), number(BYTES_AT_ONCE - 1))
        with cgutils.for_range(builder, builder.sdiv(rounds, number(BYTES_AT_ONCE))) as turn:
            begin = builder.add(first, builder.mul(turn.index, number(BYTES_AT_ONCE)))
            end = builder.add(begin, number(BYTES_AT_ONCE))
            end = builder.select(builder.icmp_signed("<", end, last), end, last)
            builder.store(ir.Constant(shorts, None), partial)
            add_rows(begin, end, partial, shorts)
            builder.store(builder.add(builder.load(total), builder.sext(builder.load(partial), words)), total)
    else:
        add_rows(first, last, total, words)
    return builder.load(total)


def shifted(builder: Any, total: Any, left: Any, right: Any) -> Any:
    """Code of (total « left) » right."""
    moved = builder.shl(total, everywhere(builder, left, total.type))
    return builder.ashr(moved, everywhere(builder, right, total.type))


@intrinsic(prefer_literal=True)
def sum_block(typing_context, weights, events, first, last, start, total, left, right, width):
    """`sum_rows` for `width` columns from `start` on."""
    stored_in_a_word = are_rows_of(types.int8, weights) or are_rows_of(types.int16, weights)
    if not (stored_in_a_word and are_rows_of(types.int32, events, total) and isinstance(width, types.IntegerLiteral)):
        return None

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = block_total(context, builder, signature, args, (args[2], args[3], args[4]), width.literal_value)
        target = place(context, builder, signature, args, 5, args[4], found.type)
        builder.store(shifted(builder, found, args[6], args[7]), target, align=4)
        return context.get_dummy_value()

    places = (types.intp, types.intp, types.intp)
    return types.void(weights, events, *places, total, types.int32, types.int32, width), codegen


@kernel_part
def sum_rows(weights, events, first, last, left, right, total):
    """total_j ← ((Σ_k weights[events_k, j]) « left) » right over events[first : last], in 32 bits.

    Parameters
    ----------
    weights : int8[n_pre, n_post] or int16[n_pre, n_post]
    events : int32[k]
        Row numbers.
    first, last, left, right : int
    total : int32[n_post]
        Overwritten.
    """
    n = total.size
    left, right = np.int32(left), np.int32(right)
    start = 0
    while start + WIDE <= n:
        sum_block(weights, events, first, last, start, total, left, right, WIDE)
        start += WIDE
    while start + NARROW <= n:
        sum_block(weights, events, first, last, start, total, left, right, NARROW)
        start += NARROW
    if start < n and n >= NARROW:
        sum_block(weights, events, first, last, n - NARROW, total, left, right, NARROW)
    elif start < n and n >= FEW:
        sum_block(weights, events, first, last, 0, total, left, right, FEW)
        if n > FEW:
            sum_block(weights, events, first, last, n - FEW, total, left, right, FEW)
    elif start < n:
        for j in range(n):
            column = np.int32(0)
            for k in range(first, last):
                column = np.int32(column + np.int32(weights[np.uint32(events[k]), j]))
            total[j] = np.int32(np.int32(column << (left & 31)) >> (right & 31))
