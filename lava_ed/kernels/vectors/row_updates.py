"""Updates of a row of int8 weights, the work that a learning rule is.

An update is split into whole steps and what is left of it, in 256ths of a step; a random byte, or what the synapse's
tag kept, decides whether the rest makes one step more.  Where the steps fit a byte, all of it is done in bytes; the
functions that have "shorts" in their name take the others.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from lava_ed.kernels._jit import kernel_part
from lava_ed.kernels.counting import COUNTING
from lava_ed.kernels.fixed_point import WEIGHT_LSB_SHIFT, column_byte, column_key
from lava_ed.kernels.vectors.events import number_of_bits
from lava_ed.kernels.vectors.lanes import (
    FEW,
    SHORT_LANES,
    are_rows_of,
    constant,
    count_lanes,
    everywhere,
    in_row,
    mask_bits,
    place,
    two_halves,
)

WIDE: Final = 64
"""Weights of the widest vector."""
SHORTS: Final = ir.VectorType(ir.IntType(16), SHORT_LANES)
BYTE_INCREMENT_MAX: Final = 127 * 256 - 1
"""In 256ths of a step: the steps of updates of at most this magnitude, and one more, fit a byte."""
_LOW: Final = np.int16(-128)
_HIGH: Final = np.int16(127)
_BYTE: Final = np.int16(255)
_NONE: Final = np.int16(0)
_LSB: Final = np.int16(WEIGHT_LSB_SHIFT)


@intrinsic(prefer_literal=True)
def update_block(typing_context, w8, row, start, steps, rest, left, byte, width):
    """Do `round_into_row` or `carry_into_row` to `width` weights from `start` on, as these return it.

    `left` is the random byte of each column, or the tags, which are int16; `byte` is not read with tags.
    """
    carries = are_rows_of(types.int16, left)
    arrays = are_rows_of(types.int8, w8, steps, rest) and (carries or are_rows_of(types.int8, left))
    if not (arrays and isinstance(width, types.IntegerLiteral)):
        return None
    lanes = width.literal_value
    bytes_, shorts = ir.VectorType(ir.IntType(8), lanes), ir.VectorType(ir.IntType(16), lanes)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = args[2]
        within = in_row(context, builder, signature, args, 0, args[1], start)

        def at(k: int, first: Any, kind: Any = bytes_) -> Any:
            return place(context, builder, signature, args, k, first, kind)

        old, rest = builder.load(at(0, within), align=1), builder.load(at(4, start), align=1)
        if carries:
            part = builder.trunc(builder.load(at(5, within, shorts), align=2), bytes_)
        else:
            part = builder.add(builder.load(at(5, start), align=1), everywhere(builder, args[6], bytes_))
        left_over = builder.add(rest, part)
        carry = builder.zext(builder.icmp_unsigned("<", left_over, rest), bytes_)
        change = builder.add(builder.load(at(3, start), align=1), carry)
        kind = ir.FunctionType(bytes_, [bytes_, bytes_])
        add = cgutils.get_or_insert_function(builder.module, kind, f"llvm.sadd.sat.v{lanes}i8")
        new = builder.call(add, [old, change])
        builder.store(new, at(0, within), align=1)
        if carries:
            builder.store(builder.zext(left_over, shorts), at(5, within, shorts), align=2)
        changed = count_lanes(builder, builder.icmp_signed("!=", new, old))
        filled = count_lanes(builder, builder.icmp_signed("!=", new, constant(0, bytes_)))
        return two_halves(builder, changed, filled)

    return types.uint64(w8, types.intp, types.intp, steps, rest, left, types.int8, width), codegen


@intrinsic
def split_block(typing_context, size, sign, steps, rest, start, factor, up):
    """Do `split_increments` to as many columns as SHORTS has lanes, from `start` on."""
    if not are_rows_of(types.int16, size, sign) or not are_rows_of(types.int8, steps, rest):
        return None
    bytes_ = ir.VectorType(ir.IntType(8), SHORTS.count)
    words = ir.VectorType(ir.IntType(32), SHORTS.count)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def at(k: int, kind: Any) -> Any:
            return place(context, builder, signature, args, k, args[4], kind)

        def store(value: Any, k: int) -> None:
            builder.store(builder.trunc(value, bytes_), at(k, bytes_), align=1)

        sizes, signs = builder.load(at(0, SHORTS), align=2), builder.load(at(1, SHORTS), align=2)
        product = builder.mul(builder.sext(sizes, words), builder.sext(everywhere(builder, args[5], SHORTS), words))
        high = builder.trunc(builder.ashr(product, constant(16, words)), SHORTS)
        magnitude = builder.shl(high, everywhere(builder, args[6], SHORTS))
        increment = builder.sub(builder.xor(magnitude, signs), signs)
        store(builder.ashr(increment, constant(8, SHORTS)), 2)
        store(increment, 3)
        return mask_bits(builder, builder.icmp_signed("!=", magnitude, constant(0, SHORTS)), 32)

    return types.uint32(size, sign, steps, rest, types.intp, types.int16, types.int16), codegen


@kernel_part
def split_increments(size, sign, factor, up, steps, rest):
    """Split the updates ±(size·factor » 16) « up, all within ±`BYTE_INCREMENT_MAX`; returns how many are not 0.

    Parameters
    ----------
    size, sign : int16 (n_post,)
        Not negative; −1 where an update is negative, else 0.
    factor, up : int
        Not negative, in 16 bits.
    steps, rest : int8 (n_post,)
        Receive ⌊update/256⌋, and update mod 256 as the bits of a byte.
    """
    live = np.int64(0)
    factor, up = np.int16(factor), np.int16(up)
    whole = size.size - size.size % SHORT_LANES
    for start in range(0, whole, SHORT_LANES):
        live += number_of_bits(split_block(size, sign, steps, rest, start, factor, up))
    for j in range(whole, size.size):
        magnitude = np.int16(np.int32(np.int32(size[j]) * np.int32(factor)) >> np.int32(16))
        magnitude = np.int16(magnitude << up)
        increment = np.int16(np.int16(magnitude ^ sign[j]) - sign[j])
        steps[j] = np.int8(increment >> np.int16(8))
        rest[j] = np.int8(increment)
        live += np.int64(magnitude != 0)
    return live


@kernel_part
def moved_weight(old, steps, fine):
    """sat₈(w + steps + [fine ≥ 256]), in 16 bits."""
    new = np.int16(np.int16(np.int16(old) + np.int16(steps)) + np.int16(fine >> np.int16(8)))
    return min(max(new, _LOW), _HIGH)


@kernel_part
def round_into_row(w8, i, steps, rest, column, byte):
    """w ← sat₈(w + steps + [rest + r ≥ 256]), r = (byte + column) mod 256, in row i of w8.

    Returns how many weights changed, plus 2^32 times how many are not 0.

    Parameters
    ----------
    steps, rest, column : int8 (n_post,)
        −127 … 126; 0 … 255 as the bits of a byte; the random byte of each column.
    byte : int8
        Random byte of the row.
    """
    both = np.uint64(0)
    n = w8.shape[1]
    start = 0
    while start + WIDE <= n:
        both += update_block(w8, i, start, steps, rest, column, byte, WIDE)
        start += WIDE
    while start + FEW <= n:
        both += update_block(w8, i, start, steps, rest, column, byte, FEW)
        start += FEW
    for j in range(start, n):
        old = w8[i, j]
        r = np.int16(np.int16(np.int16(byte) + np.int16(column[j])) & _BYTE)
        new = moved_weight(old, steps[j], np.int16(np.int16(np.int16(rest[j]) & _BYTE) + r))
        w8[i, j] = np.int8(new)
        both += np.uint64(new != old) + (np.uint64(new != 0) << np.uint64(32))
    return both


@kernel_part
def carry_into_row(w8, i, steps, rest, tag):
    """w ← sat₈(w + steps + [rest + t ≥ 256]), t ← (rest + t) mod 256 in row i of w8 and of the tag (int16).

    Returns as `round_into_row`.
    """
    both = np.uint64(0)
    n = w8.shape[1]
    start = 0
    while start + WIDE <= n:
        both += update_block(w8, i, start, steps, rest, tag, np.int8(0), WIDE)
        start += WIDE
    while start + FEW <= n:
        both += update_block(w8, i, start, steps, rest, tag, np.int8(0), FEW)
        start += FEW
    for j in range(start, n):
        old = w8[i, j]
        fine = np.int16(np.int16(np.int16(rest[j]) & _BYTE) + tag[i, j])
        new = moved_weight(old, steps[j], fine)
        tag[i, j] = np.int16(fine & _BYTE)
        w8[i, j] = np.int8(new)
        both += np.uint64(new != old) + (np.uint64(new != 0) << np.uint64(32))
    return both


@kernel_part
def column_bytes_of(key, scalar, column):
    """Fill in the random byte of each column, 0 where one byte serves all synapses."""
    key32 = column_key(key)
    for j in range(column.size):
        column[j] = np.int16(0) if scalar >= 0 else np.int16(column_byte(key32, j))


@kernel_part
def split_increment(increment, j, steps, rest):
    """steps_j, rest_j ← ⌊increment/256⌋ and what is left: rounding adds at most one step more."""
    steps[j] = np.int16(increment >> np.int32(WEIGHT_LSB_SHIFT))
    rest[j] = np.int16(increment & np.int32(255))


@kernel_part
def round_shorts_into_row(w8, i, steps, rest, column, byte):
    """Round the increments into row i; returns (writes, non-zeros) of it.

    sat₈((sat₁₅(256·w + increment) + r) » 8) = sat₈(w + ⌊increment/256⌋ + [rest + r ≥ 256]), so that the
    loop's vectors hold 16 bits, tallies included.
    """
    same = np.int16(0)
    zeros = np.int16(0)
    for j in range(w8.shape[1]):
        old = np.int16(w8[i, j])
        r = np.int16(np.int16(byte + column[j]) & _BYTE)
        carry = np.int16(np.int16(rest[j] + r) >> _LSB)
        new = np.int16(np.int16(old + steps[j]) + carry)
        new = min(max(new, _LOW), _HIGH)
        if COUNTING:
            same = np.int16(same + np.int16(new == old))
            zeros = np.int16(zeros + np.int16(new == _NONE))
        w8[i, j] = np.int8(new)
    return w8.shape[1] - same, w8.shape[1] - zeros


@kernel_part
def carry_shorts_into_row(w8, tag, i, steps, rest):
    """w ← sat₈(w + ⌊(increment + t)/256⌋), t ← (increment + t) mod 256 in row i; returns (writes, non-zeros) of it."""
    same = np.int16(0)
    zeros = np.int16(0)
    for j in range(w8.shape[1]):
        old = np.int16(w8[i, j])
        fine = np.int16(rest[j] + tag[i, j])
        new = np.int16(np.int16(old + steps[j]) + np.int16(fine >> _LSB))
        new = min(max(new, _LOW), _HIGH)
        if COUNTING:
            same = np.int16(same + np.int16(new == old))
            zeros = np.int16(zeros + np.int16(new == _NONE))
        tag[i, j] = np.int16(fine & _BYTE)
        w8[i, j] = np.int8(new)
    return w8.shape[1] - same, w8.shape[1] - zeros


@kernel_part
def both_counts(both):
    """Unpack (writes, non-zeros) of a row from what the byte functions return."""
    return np.int64(both & np.uint64(2**32 - 1)), np.int64(both >> np.uint64(32))
